/* Prints sizes and offsets of the kernel's structs as JSON: cc offsets.c -o offsets && ./offsets > offsets.json */
#include <linux/aio_abi.h>
#include <linux/connector.h>
#include <linux/dm-ioctl.h>
#include <linux/dm-log-userspace.h>
#include <linux/fiemap.h>
#include <linux/fs.h>
#include <linux/fs.h>
#include <linux/inotify.h>
#include <linux/loop.h>
#include <linux/sem.h>
#include <linux/netlink.h>
#include <poll.h>
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
	SIZE(fsxattr);
	FIELD(fsxattr, fsx_xflags, xflags);
	FIELD(fsxattr, fsx_extsize, extsize);
	FIELD(fsxattr, fsx_nextents, nextents);
	FIELD(fsxattr, fsx_projid, projid);
	FIELD(fsxattr, fsx_cowextsize, cowextsize);
	END(0);
	SIZE(loop_info64);
	FIELD(loop_info64, lo_device, device);
	FIELD(loop_info64, lo_inode, inode);
	FIELD(loop_info64, lo_rdevice, rdevice);
	FIELD(loop_info64, lo_offset, offset);
	FIELD(loop_info64, lo_sizelimit, sizeLimit);
	FIELD(loop_info64, lo_number, number);
	FIELD(loop_info64, lo_flags, flags);
	FIELD(loop_info64, lo_file_name, fileName);
	FIELD(loop_info64, lo_crypt_name, cryptName);
	FIELD(loop_info64, lo_encrypt_key, encryptKey);
	FIELD(loop_info64, lo_init, init0);
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
	SIZE(nlmsghdr);
	FIELD(nlmsghdr, nlmsg_len, length);
	FIELD(nlmsghdr, nlmsg_type, type);
	FIELD(nlmsghdr, nlmsg_flags, flags);
	FIELD(nlmsghdr, nlmsg_seq, seq);
	FIELD(nlmsghdr, nlmsg_pid, pid);
	END(0);
	SIZE(sockaddr_nl);
	FIELD(sockaddr_nl, nl_family, family);
	FIELD(sockaddr_nl, nl_pad, pad);
	FIELD(sockaddr_nl, nl_pid, pid);
	FIELD(sockaddr_nl, nl_groups, groups);
	END(0);
	SIZE(pollfd);
	FIELD(pollfd, fd, fd);
	FIELD(pollfd, events, events);
	FIELD(pollfd, revents, revents);
	END(0);
	SIZE(iocb);
	FIELD(iocb, aio_data, data);
	FIELD(iocb, aio_key, key);
	FIELD(iocb, aio_rw_flags, rwFlags);
	FIELD(iocb, aio_lio_opcode, opcode);
	FIELD(iocb, aio_reqprio, priority);
	FIELD(iocb, aio_fildes, fd);
	FIELD(iocb, aio_buf, buffer);
	FIELD(iocb, aio_nbytes, bytes);
	FIELD(iocb, aio_offset, offset);
	FIELD(iocb, aio_flags, flags);
	FIELD(iocb, aio_resfd, resultFd);
	END(0);
	SIZE(io_event);
	FIELD(io_event, data, data);
	FIELD(io_event, obj, iocb);
	FIELD(io_event, res, result);
	FIELD(io_event, res2, result2);
	END(0);
	SIZE(cn_msg);
	FIELD(cn_msg, id.idx, idx);
	FIELD(cn_msg, id.val, val);
	FIELD(cn_msg, seq, seq);
	FIELD(cn_msg, ack, ack);
	FIELD(cn_msg, len, length);
	FIELD(cn_msg, flags, flags);
	END(0);
	SIZE(dm_ulog_request);
	FIELD(dm_ulog_request, luid, luid);
	FIELD(dm_ulog_request, uuid, uuid);
	FIELD(dm_ulog_request, version, version);
	FIELD(dm_ulog_request, error, error);
	FIELD(dm_ulog_request, seq, seq);
	FIELD(dm_ulog_request, request_type, requestType);
	FIELD(dm_ulog_request, data_size, dataSize);
	END(0);
	printf("  \"ulog\": {\n    \"CTR\": %d,\n    \"DTR\": %d,\n    \"PRESUSPEND\": %d,\n    \"POSTSUSPEND\": %d,\n"
	       "    \"RESUME\": %d,\n    \"GET_REGION_SIZE\": %d,\n    \"IS_CLEAN\": %d,\n    \"IN_SYNC\": %d,\n    \"FLUSH\": %d,\n"
	       "    \"MARK_REGION\": %d,\n    \"CLEAR_REGION\": %d,\n    \"GET_RESYNC_WORK\": %d,\n    \"SET_REGION_SYNC\": %d,\n"
	       "    \"GET_SYNC_COUNT\": %d,\n    \"STATUS_INFO\": %d,\n    \"STATUS_TABLE\": %d,\n    \"IS_REMOTE_RECOVERING\": %d\n  },\n",
	       DM_ULOG_CTR, DM_ULOG_DTR, DM_ULOG_PRESUSPEND, DM_ULOG_POSTSUSPEND, DM_ULOG_RESUME, DM_ULOG_GET_REGION_SIZE,
	       DM_ULOG_IS_CLEAN, DM_ULOG_IN_SYNC, DM_ULOG_FLUSH, DM_ULOG_MARK_REGION, DM_ULOG_CLEAR_REGION,
	       DM_ULOG_GET_RESYNC_WORK, DM_ULOG_SET_REGION_SYNC, DM_ULOG_GET_SYNC_COUNT, DM_ULOG_STATUS_INFO,
	       DM_ULOG_STATUS_TABLE, DM_ULOG_IS_REMOTE_RECOVERING);
	printf("  \"connector\": {\n    \"CN_IDX_DM\": %d,\n    \"CN_VAL_DM_USERSPACE_LOG\": %d,\n    \"NLMSG_DONE\": %d,\n"
	       "    \"DM_ULOG_REQUEST_MASK\": %d,\n    \"DM_ULOG_REQUEST_VERSION\": %d\n  },\n",
	       CN_IDX_DM, CN_VAL_DM_USERSPACE_LOG, NLMSG_DONE, DM_ULOG_REQUEST_MASK, DM_ULOG_REQUEST_VERSION);
	printf("  \"constants\": {\n    \"nameListName\": %zu,\n    \"FS_IOC_FIEMAP\": %u,\n    \"FS_IOC_FSGETXATTR\": %u,\n    \"FS_XFLAG_REALTIME\": %u,\n    \"LOOP_GET_STATUS64\": %u,\n    \"DM_VERSION\": %u,\n"
	       "    \"DM_TARGET_MSG\": %u,\n    \"DM_DEV_ARM_POLL\": %u,\n    \"DM_GET_TARGET_VERSION\": %u,\n"
	       "    \"targetDepsDev\": %zu,\n    \"targetVersionsName\": %zu,\n    \"hasUuid\": %u,\n    \"hasNoUuid\": %u,\n"
	       "    \"IPC_CREAT\": %u,\n    \"IPC_EXCL\": %u,\n    \"IPC_NOWAIT\": %u,\n"
	       "    \"IPC_RMID\": %u,\n    \"GETVAL\": %u,\n    \"SETVAL\": %u\n  }\n}\n",
	       offsetof(struct dm_name_list, name), (unsigned)FS_IOC_FIEMAP, (unsigned)FS_IOC_FSGETXATTR,
	       (unsigned)FS_XFLAG_REALTIME, (unsigned)LOOP_GET_STATUS64, (unsigned)DM_VERSION, (unsigned)DM_TARGET_MSG,
	       (unsigned)DM_DEV_ARM_POLL, (unsigned)DM_GET_TARGET_VERSION, offsetof(struct dm_target_deps, dev),
	       offsetof(struct dm_target_versions, name), DM_NAME_LIST_FLAG_HAS_UUID, DM_NAME_LIST_FLAG_DOESNT_HAVE_UUID, IPC_CREAT, IPC_EXCL,
	       IPC_NOWAIT, IPC_RMID, GETVAL, SETVAL);
	return 0;
}
