/* Prints sizes and offsets of the kernel's structs as JSON: cc offsets.c -o offsets && ./offsets > offsets.json */
#include <linux/dm-ioctl.h>
#include <linux/fiemap.h>
#include <linux/fs.h>
#include <linux/inotify.h>
#include <linux/sem.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/ioctl.h>

#define SIZE(s) printf("  \"%s\": {\n    \"size\": %zu", #s, sizeof(struct s))
#define FIELD(s, c, js) printf(",\n    \"%s\": %zu", #js, offsetof(struct s, c))
#define END(last) printf("\n  }%s\n", last ? "" : ",")

int main(void)
{
	printf("{\n");
	SIZE(dm_ioctl);
	FIELD(dm_ioctl, version, version);
	FIELD(dm_ioctl, data_size, dataSize);
	FIELD(dm_ioctl, data_start, dataStart);
	FIELD(dm_ioctl, target_count, targetCount);
	FIELD(dm_ioctl, open_count, openCount);
	FIELD(dm_ioctl, flags, flags);
	FIELD(dm_ioctl, event_nr, eventNr);
	FIELD(dm_ioctl, padding, padding);
	FIELD(dm_ioctl, dev, dev);
	FIELD(dm_ioctl, name, name);
	FIELD(dm_ioctl, uuid, uuid);
	FIELD(dm_ioctl, data, data);
	END(0);
	SIZE(dm_target_spec);
	FIELD(dm_target_spec, sector_start, sectorStart);
	FIELD(dm_target_spec, length, length);
	FIELD(dm_target_spec, status, status);
	FIELD(dm_target_spec, next, next);
	FIELD(dm_target_spec, target_type, targetType);
	END(0);
	SIZE(dm_target_msg);
	FIELD(dm_target_msg, sector, sector);
	END(0);
	SIZE(dm_target_deps);
	FIELD(dm_target_deps, count, count);
	FIELD(dm_target_deps, padding, padding);
	END(0);
	SIZE(dm_target_versions);
	FIELD(dm_target_versions, next, next);
	FIELD(dm_target_versions, version, version);
	END(0);
	SIZE(fiemap);
	FIELD(fiemap, fm_start, start);
	FIELD(fiemap, fm_length, length);
	FIELD(fiemap, fm_flags, flags);
	FIELD(fiemap, fm_mapped_extents, mappedExtents);
	FIELD(fiemap, fm_extent_count, extentCount);
	FIELD(fiemap, fm_reserved, reserved);
	END(0);
	SIZE(fiemap_extent);
	FIELD(fiemap_extent, fe_logical, logical);
	FIELD(fiemap_extent, fe_physical, physical);
	FIELD(fiemap_extent, fe_length, length);
	FIELD(fiemap_extent, fe_flags, flags);
	END(0);
	SIZE(inotify_event);
	FIELD(inotify_event, wd, watch);
	FIELD(inotify_event, mask, mask);
	FIELD(inotify_event, cookie, cookie);
	FIELD(inotify_event, len, length);
	END(0);
	SIZE(sembuf);
	FIELD(sembuf, sem_num, num);
	FIELD(sembuf, sem_op, op);
	FIELD(sembuf, sem_flg, flags);
	END(0);
	printf("  \"constants\": {\n    \"nameListName\": %zu,\n    \"FS_IOC_FIEMAP\": %u,\n    \"DM_VERSION\": %u,\n"
	       "    \"DM_TARGET_MSG\": %u,\n    \"DM_DEV_ARM_POLL\": %u,\n    \"DM_GET_TARGET_VERSION\": %u,\n"
	       "    \"targetDepsDev\": %zu,\n    \"targetVersionsName\": %zu,\n    \"hasUuid\": %u,\n    \"hasNoUuid\": %u,\n"
	       "    \"IPC_CREAT\": %u,\n    \"IPC_EXCL\": %u,\n    \"IPC_NOWAIT\": %u,\n"
	       "    \"IPC_RMID\": %u,\n    \"GETVAL\": %u,\n    \"SETVAL\": %u\n  }\n}\n",
	       offsetof(struct dm_name_list, name), (unsigned)FS_IOC_FIEMAP, (unsigned)DM_VERSION, (unsigned)DM_TARGET_MSG,
	       (unsigned)DM_DEV_ARM_POLL, (unsigned)DM_GET_TARGET_VERSION, offsetof(struct dm_target_deps, dev),
	       offsetof(struct dm_target_versions, name), DM_NAME_LIST_FLAG_HAS_UUID, DM_NAME_LIST_FLAG_DOESNT_HAVE_UUID, IPC_CREAT, IPC_EXCL,
	       IPC_NOWAIT, IPC_RMID, GETVAL, SETVAL);
	return 0;
}
