# The host's hand in the guest, process 1. Every line on the control port is a line of shell made by
# the host: a call of one of the functions below. When the host goes away the port ends, so does
# this script, and the kernel panics: QEMU, told not to reboot, exits.
# Ports: 1 control, both ways; 2 and 3 the standard output and error of the command.

cgroups=/sys/fs/cgroup
exec 3<>/dev/vport0p1 4>/dev/vport0p2 5>/dev/vport0p3

# What tmpfs hides under /tmp or /run and the command still needs.
keep() {
  mkdir -p "$1" && mount --bind "/run/lab/host$1" "$1"
}

# A folder of the host, read and write. Nothing is cached: both sides see each other's writes.
share() {
  mkdir -p "$2" && mount -t 9p -o trans=virtio,version=9p2000.L,msize=1048576,cache=none "$1" "$2"
}

modules() {
  mkdir -p "/lib/modules/$(uname -r)" && mount --bind "/run/lab/host$1" "/lib/modules/$(uname -r)"
}

# The host's files changed: forget what was read of them.
forget() {
  echo 3 >/proc/sys/vm/drop_caches
}

# In memory for good, whatever is forgotten. Nobody waits for it.
remember() {
  (cp "$1" /run/lab/remembered && mount --bind /run/lab/remembered "$1") &
}

# What hangs, with its kernel stack, on the console.
blocked() {
  echo 7 >/proc/sys/kernel/printk
  echo w >/proc/sysrq-trigger
}

ready() {
  echo ready >&3
}

# run NONCE SCRIPT: the nonce ends both outputs, for the ports never end. The outputs go through
# pipes because a port can be opened once only and programs open /dev/stdout and /dev/stderr again.
run() {
  mkdir "$cgroups/$1"
  mkfifo "/run/lab/$1.out" "/run/lab/$1.err"
  (
    cat <"/run/lab/$1.out" >&4 &
    readers=$!
    cat <"/run/lab/$1.err" >&5 &
    readers="$readers $!"
    echo "$readers" >/run/lab/readers
    setsid sh -c "echo 0 >$cgroups/$1/cgroup.procs; $2" \
      </dev/null >"/run/lab/$1.out" 2>"/run/lab/$1.err" 3>&- 4>&- 5>&- &
    wait $!
    echo "exit $1 $?" >&3
    wait $readers
    echo "$1" >&4
    echo "$1" >&5
    rm "/run/lab/$1.out" "/run/lab/$1.err"
    # Stays while daemons of the command live.
    rmdir "$cgroups/$1" 2>/dev/null
  ) &
}

# The command ended but something it left running holds its outputs open.
cut() {
  kill $(cat /run/lab/readers)
}

# stop NONCE TERM|KILL: the command and all it started.
stop() {
  case $2 in
    KILL) echo 1 >"$cgroups/$1/cgroup.kill" ;;
    *) kill "-$2" $(cat "$cgroups/$1/cgroup.procs") ;;
  esac
}

while IFS= read -r line <&3; do eval "$line"; done
