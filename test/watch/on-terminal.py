"""Runs a program on a terminal of 80x24, as a job of a session as a shell would, and does what the steps say.

  on-terminal.py PROGRAM... -- STEP...

Steps: wait=TEXT waits until TEXT is written; key=KEYS types; signal=NAME sends it to the program; size=COLUMNSxROWS;
stopped waits until the program is stopped; hangup closes the terminal; quiet=SECONDS lets it be.

At the end it writes a line of JSON: how the program ended, what it wrote, whether the terminal's modes were given back
at each stop and at the end.
"""
import fcntl, json, os, pty, select, signal, struct, sys, termios, time

LIMIT = float(os.environ.get("PTY_SECONDS", "60"))
at = sys.argv.index("--")
program, steps = sys.argv[1:at], sys.argv[at + 1:]
master, slave = pty.openpty()
fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
before = termios.tcgetattr(slave)
report_read, report_write = os.pipe()


def lead():
    os.setsid()
    fcntl.ioctl(slave, termios.TIOCSCTTY, 0)
    job = os.fork()
    if job == 0:
        os.setpgid(0, 0)
        signal.signal(signal.SIGTTOU, signal.SIG_IGN)
        os.tcsetpgrp(slave, os.getpid())
        signal.signal(signal.SIGTTOU, signal.SIG_DFL)
        for fd in range(3):
            os.dup2(slave, fd)
        os.execvp(program[0], program)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    os.write(report_write, b"job %d\n" % job)
    while True:
        _, status = os.waitpid(job, os.WUNTRACED)
        if os.WIFSTOPPED(status):
            os.write(report_write, b"stopped\n")
            continue
        how = signal.Signals(os.WTERMSIG(status)).name if os.WIFSIGNALED(status) else os.WEXITSTATUS(status)
        os.write(report_write, f"ended {how}\n".encode())
        os._exit(0)


leader = os.fork()
if leader == 0:
    os.close(master)
    os.close(report_read)
    lead()
os.close(report_write)

written = b""
reports = b""
is_open = True


def pump(seconds):
    """Reads what comes within so many seconds, or less when something came."""
    global written, reports, is_open
    ready, _, _ = select.select([report_read] + ([master] if is_open else []), [], [], seconds)
    if report_read in ready:
        reports += os.read(report_read, 4096)
    if master in ready:
        try:
            written += os.read(master, 65536)
        except OSError:
            is_open = False


def until(what, condition):
    end = time.monotonic() + LIMIT
    while not condition():
        if time.monotonic() > end:
            sys.exit(f"not within {LIMIT} s: {what}; written: {written[-3000:]!r}, reports: {reports!r}")
        pump(0.2)


def modes_are_back():
    return termios.tcgetattr(slave) == before


until("the program is started", lambda: b"job " in reports)
job = int(reports.split()[1])
seen = 0
stops = []
for step in steps:
    name, _, value = step.partition("=")
    if name == "wait":
        text = value.encode()
        until(step, lambda: text in written[seen:])
        seen = written.index(text, seen) + len(text)
    elif name == "key":
        os.write(master, value.encode().decode("unicode_escape").encode())
    elif name == "signal":
        os.kill(job, getattr(signal, value))
    elif name == "size":
        columns, rows = map(int, value.split("x"))
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
    elif name == "stopped":
        count = len(stops) + 1
        until(step, lambda: reports.count(b"stopped") == count)
        stops.append(modes_are_back())
    elif name == "hangup":
        os.close(master)
        is_open = False
    elif name == "quiet":
        end = time.monotonic() + float(value)
        while time.monotonic() < end:
            pump(0.1)
    else:
        sys.exit(f"no step {step}")
until("the program ends", lambda: b"ended " in reports)
while is_open and select.select([master], [], [], 0.2)[0]:
    pump(0)
print(json.dumps({
    "ended": reports.split()[-1].decode(),
    "modesAreBack": None if "hangup" in steps else modes_are_back(),
    "stops": stops,
    "written": written.decode("utf-8", "replace"),
}))
