"""A local server that speaks the Hub's protocol: metadata on a redirect to another host."""

from __future__ import annotations

import hashlib
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from rtsep.weights.checkpoint import NetworkWeights
from rtsep.weights.safetensors_file import write_safetensors

COMMIT = "0123456789abcdef0123456789abcdef01234567"


@dataclass
class LocalHub:
    """What the server serves, how it misbehaves, and what it was asked."""

    files: dict[str, bytes] = field(default_factory=dict)
    declared: dict[str, str] = field(default_factory=dict)  # sha256 to declare instead of the true
    cut_after: int = 0  # the next body is cut off there, once
    stall_after: int = 0  # bodies stop there until released
    status: int = 0  # answer everything with this
    requests: list[str] = field(default_factory=list)
    released: threading.Event = field(default_factory=threading.Event)
    stalled: threading.Event = field(default_factory=threading.Event)
    port: int = 0

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def add(self, repository: str, filename: str, content: bytes) -> None:
        self.files[f"/{repository}/resolve/{COMMIT}/{filename}"] = content

    def add_network(self, repository: str, network: NetworkWeights, folder: Path) -> bytes:
        path = folder / f"{network.signature}.safetensors"
        write_safetensors(path, network)
        self.add(repository, path.name, path.read_bytes())
        return path.read_bytes()

    def bodies(self, suffix: str) -> list[str]:
        """The GET requests for bytes of files whose name ends so."""
        return [item for item in self.requests if item.startswith("GET /cdn/") and suffix in item]


class Handler(BaseHTTPRequestHandler):
    hub: LocalHub

    def log_message(self, *args: Any) -> None:
        pass

    def do_HEAD(self) -> None:
        self._answer(body=False)

    def do_GET(self) -> None:
        self._answer(body=True)

    def _answer(self, body: bool) -> None:
        wanted = self.headers.get("Range", "")
        self.hub.requests.append(f"{self.command} {self.path} {wanted}".strip())
        if self.hub.status:
            self._head(self.hub.status, {"Content-Length": "0"})
            return
        path = self.path.removeprefix("/cdn").replace("/resolve/main/", f"/resolve/{COMMIT}/")
        content = self.hub.files.get(path)
        if content is None:
            missing = {"X-Error-Code": "EntryNotFound", "X-Repo-Commit": COMMIT}
            self._head(404, {**missing, "Content-Length": "0"})
        elif self.path.startswith("/cdn/"):
            self._bytes(content, wanted, body)
        else:
            digest = self.hub.declared.get(path) or hashlib.sha256(content).hexdigest()
            facts = {
                "X-Repo-Commit": COMMIT,
                "X-Linked-Etag": f'"{digest}"',
                "X-Linked-Size": str(len(content)),
                "Location": f"http://localhost:{self.hub.port}/cdn{path}",
            }
            self._head(302, {**facts, "Content-Length": "0"})

    def _head(self, status: int, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()

    def _bytes(self, content: bytes, wanted: str, body: bool) -> None:
        start = int(wanted.removeprefix("bytes=").partition("-")[0]) if wanted else 0
        headers = {"Content-Length": str(len(content) - start), "ETag": '"of-the-cdn"'}
        if wanted:
            headers["Content-Range"] = f"bytes {start}-{len(content) - 1}/{len(content)}"
        self._head(206 if wanted else 200, headers)
        if not body:
            return
        part = content[start:]
        if self.hub.stall_after and len(part) > self.hub.stall_after:
            self.wfile.write(part[: self.hub.stall_after])
            self.hub.stalled.set()
            self.hub.released.wait(60)
            part = part[self.hub.stall_after :]
        if self.hub.cut_after and len(part) > self.hub.cut_after:
            part, self.hub.cut_after = part[: self.hub.cut_after], 0
        self.wfile.write(part)


class Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        pass  # clients that are killed in a test break their connections
