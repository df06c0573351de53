"""Prefect on PostgreSQL and Redis as compose.yaml has it, without containers: real processes on loopback.

Every port is free, every process is stopped by its own handle, and the data lie in a folder that goes away.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from tests.deployments.composed import ROOT, command, environment, filled, services
from tests.weed import free_port

PASSWORDS = {
    "POSTGRES_PASSWORD": "database1",
    "REDIS_PASSWORD": "messages2",
    "ENGINE_TOKEN": "engine3",
    "API_KEY": "4444-programs-4444",
}
PASSED = {"EDIT_FLOWS_RECEIVER_TOKEN": "receiver4"}
PATIENCE = 90.0
"""Seconds any part is given to answer."""


def program(name: str) -> str | None:
    """Where a program of PostgreSQL or Redis lies; Debian keeps the former out of the search path."""
    found = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))
    return str(found[-1]) if found else shutil.which(name)


MISSING = [name for name in ("initdb", "postgres", "createdb", "redis-server", "redis-cli") if not program(name)]
"""Programs that the test needs and this machine lacks."""
READ_ONLY = 'mount --make-rprivate / && mount --bind "$0" "$0" && mount -o remount,bind,ro / && exec "$@"'
"""Shell that runs "$@" where nothing but the folder $0 can be written to, as in a container with a read-only root."""


def contained(folder: Path, argv: Sequence[str]) -> list[str]:
    """The command line so that it can write to the folder alone, where the kernel lets us; else as it is."""
    allowed = (
        shutil.which("unshare")
        and not subprocess.run(["unshare", "--mount", "true"], capture_output=True, check=False).returncode
    )
    return [*(["unshare", "--mount", "sh", "-c", READ_ONLY, str(folder)] if allowed else []), *argv]


@dataclass
class Stack:
    """What runs, and where."""

    folder: Path
    values: dict[str, str]
    ports: dict[str, int] = field(
        default_factory=lambda: {
            name: free_port()
            for name in ("postgres", "redis", "first", "second", "engine", "gpu", "cpu", "events", "api")
        }
    )
    running: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def api(self, server: str) -> str:
        """URL of one of the two API servers."""
        return f"http://127.0.0.1:{self.ports[server]}/api"

    def moved(self, text: str, server: str = "first") -> str:
        """What compose.yaml says with addresses and ports of this machine; the API server is the one named."""
        ports = {"5432": "postgres", "6379": "redis", "4200": server, "8300": "engine", "8400": "events", "8500": "api"}
        for there, name in ports.items():
            text = re.sub(rf"(?<!\d){there}\b", str(self.ports[name]), text)
        return re.sub(r"^postgres$|(?<=[@/])(redis|server|engine)(?=:)|0\.0\.0\.0", "127.0.0.1", text)

    def healthy(self, service: str) -> bool:
        """What the health check of a service of compose.yaml says about the process that stands for it."""
        _, *argv = services()[service]["healthcheck"]["test"]
        argv = [self.moved(word).replace(":8080", f":{self.ports.get(service)}") for word in argv]  # workers: one each
        here = {"PATH": os.environ["PATH"], "PGHOST": "127.0.0.1", "PGPORT": str(self.ports["postgres"])}
        if argv[0] == "redis-cli":
            argv[1:1] = ["-p", str(self.ports["redis"])]
            here["REDISCLI_AUTH"] = PASSWORDS["REDIS_PASSWORD"]
        argv[0] = sys.executable if argv[0] == "python" else str(program(argv[0]))
        return subprocess.run(argv, env=here, capture_output=True, check=False).returncode == 0

    def start(self, name: str, service: str, *, server: str = "first") -> subprocess.Popen[bytes]:
        """A service of compose.yaml as a process that finds the others on this machine."""
        described = services()[service]
        own = {
            "PATH": os.environ["PATH"],
            "HOME": str(self.folder),
            "TMPDIR": str(self.folder),
            "PREFECT_HOME": str(self.folder / f"{name}-prefect"),
            "PREFECT_SERVER_UI_STATIC_DIRECTORY": str(self.folder / f"{name}-ui"),
            "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
            "PREFECT_WORKER_WEBSERVER_HOST": "127.0.0.1",
            "PREFECT_WORKER_WEBSERVER_PORT": str(self.ports.get(name, 0)),
            "DO_NOT_TRACK": "1",
        }
        said = {key: self.moved(value, server) for key, value in environment(described, self.values).items()}
        argv = command([self.moved(filled(word, self.values), server) for word in described["command"]])
        return self.spawn(name, contained(self.folder, argv), env=own | said)

    def spawn(
        self, name: str, argv: Sequence[str], *, env: dict[str, str] | None = None, user: str | None = None
    ) -> subprocess.Popen[bytes]:
        """A process whose words go to NAME.log."""
        with (self.folder / f"{name}.log").open("wb") as log:
            self.running[name] = subprocess.Popen(argv, env=env, cwd=ROOT, stdout=log, stderr=log, user=user)
        return self.running[name]

    def finish(self, name: str, service: str) -> None:
        """A service of compose.yaml that does its work and ends."""
        assert self.start(name, service).wait(timeout=PATIENCE) == 0, self.said(name)

    def said(self, name: str) -> str:
        """What a process has written so far."""
        return (self.folder / f"{name}.log").read_text(errors="replace")

    def wait(self, name: str, ready: Callable[[], bool]) -> None:
        """Return when that is so; fails when the process ends or takes too long."""
        until = time.monotonic() + PATIENCE
        while not ready():
            assert self.running[name].poll() is None, f"{name} ended: {self.said(name)}"
            assert time.monotonic() < until, f"{name} is not ready: {self.said(name)}"
            time.sleep(0.2)

    def stop(self) -> None:
        """End what runs, the last started first."""
        for name in reversed(self.running):
            process = self.running[name]
            process.terminate()
            try:
                process.wait(timeout=15)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def answers(url: str) -> bool:
    """True when it answers with success."""
    try:
        return httpx.get(url, timeout=2).is_success
    except httpx.HTTPError:
        return False


PLACES = {"INBOX": "drop", "OUTPUT": "outputs", "KEYS": "keys"}
"""What lies in volumes, by setting."""


@contextmanager
def standing() -> Iterator[Stack]:
    """PostgreSQL, Redis, two Prefect servers, the services process, pools, deployments, engine, workers and the API.

    Below its folder, drop is the inbox and outputs the place of results.
    """
    with tempfile.TemporaryDirectory(prefix="scale-") as place, ExitStack() as after:
        folder = Path(place)
        stack = Stack(
            folder,
            PASSWORDS | PASSED | {f"EDIT_FLOWS_{name}": str(folder / place) for name, place in PLACES.items()},
        )
        after.callback(stack.stop)
        _start_stores(stack)
        stack.start("engine", "engine")
        stack.finish("migrate", "migrate")
        stack.start("services", "services")
        for server in ("first", "second"):  # both at once on an empty database: one may end
            stack.start(server, "server", server=server)
            stack.wait(server, lambda server=server: answers(f"{stack.api(server)}/ready"))  # type: ignore[misc]
        stack.finish("setup", "setup")
        stack.start("gpu", "gpu", server="first")
        stack.start("cpu", "cpu", server="second")
        stack.start("api", "api", server="second")
        stack.wait("api", lambda: answers(f"http://127.0.0.1:{stack.ports['api']}/health"))
        yield stack


def _start_stores(stack: Stack) -> None:
    user = "postgres" if os.geteuid() == 0 else None  # PostgreSQL refuses to run as root
    stack.folder.chmod(0o755)
    data, secret = stack.folder / "database", stack.folder / "password"
    data.mkdir(mode=0o700)
    secret.write_text(PASSWORDS["POSTGRES_PASSWORD"])
    if user:
        shutil.chown(data, user)
        shutil.chown(secret, user)
    made = [program("initdb"), "--pgdata", data, "--username=prefect", f"--pwfile={secret}", "--auth=scram-sha-256"]
    subprocess.run([str(word) for word in made], check=True, user=user, cwd="/", capture_output=True)
    port = str(stack.ports["postgres"])
    options = ["-D", str(data), "-p", port, "-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories="]
    stack.spawn("postgres", [str(program("postgres")), *options, "-c", "fsync=off"], user=user)
    create = [str(program("createdb")), "--host=127.0.0.1", f"--port={port}", "--username=prefect", "prefect"]
    login = {"PATH": os.environ["PATH"], "PGPASSWORD": PASSWORDS["POSTGRES_PASSWORD"]}
    stack.wait("postgres", lambda: subprocess.run(create, env=login, capture_output=True, check=False).returncode == 0)
    _, *arguments = (filled(word, stack.values) for word in services()["redis"]["command"])
    here = ["--bind", "127.0.0.1", "--port", str(stack.ports["redis"]), "--dir", str(stack.folder)]
    stack.spawn("redis", [str(program("redis-server")), *arguments, *here])
