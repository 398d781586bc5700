#!/bin/busybox sh
# The first process of the guest, in the initramfs. Builds the root of the guest out of the host's
# files and becomes the agent. busybox runs its applets without looking at PATH.

# An applet that is a process of its own is found through /proc/self/exe.
/bin/busybox mount -t proc proc /proc
mount -t devtmpfs dev /dev
mount -t sysfs sys /sys

while read -r module; do insmod "/modules/$module"; done </modules/order

mkdir /host /scratch /new
mount -t 9p -o trans=virtio,version=9p2000.L,msize=1048576,cache=loose,ro root /host
mount -t tmpfs -o mode=755 scratch /scratch
mkdir /scratch/upper /scratch/work
mount -t overlay -o lowerdir=/host,upperdir=/scratch/upper,workdir=/scratch/work root /new

mount --move /dev /new/dev
mkdir -p /new/dev/pts /new/dev/shm
mount -t devpts -o gid=5,mode=620 devpts /new/dev/pts
mount -t tmpfs shm /new/dev/shm
ln -s /proc/self/fd /new/dev/fd
ln -s fd/0 /new/dev/stdin
ln -s fd/1 /new/dev/stdout
ln -s fd/2 /new/dev/stderr
mount --move /sys /new/sys
mount -t debugfs debugfs /new/sys/kernel/debug
mount -t tracefs tracefs /new/sys/kernel/tracing
mount -t cgroup2 cgroup2 /new/sys/fs/cgroup
mount -t tmpfs -o mode=1777 tmp /new/tmp
mount -t tmpfs -o mode=755 run /new/run
mkdir /new/run/lab /new/run/lab/host
mount --move /host /new/run/lab/host
cp /bin/busybox /agent.sh /new/run/lab
mount --move /proc /new/proc

ip link set lo up
# switch_root would do, but it insists on deleting the old root first.
cd /new || exit
/bin/busybox mount --move . /
exec chroot . /run/lab/busybox sh /run/lab/agent.sh
