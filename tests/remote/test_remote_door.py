"""Who is let in: over HTTP as browsers and others speak it."""

from __future__ import annotations

import asyncio
import platform
import socket
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import aiohttp
import pytest
from remote_support import RemoteRig, Talker, wait_until

import rtsep.remote.server as remote_server
from rtsep.control.listening import HostPort
from rtsep.errors import ConfigError
from rtsep.remote.door import MOST_DEVICES, Door, is_own_host, is_own_origin
from rtsep.remote.server import MOST_CONNECTIONS, RemoteServer
from rtsep.remote.site import page_files

PATHS = ["/", "/page.js", "/page.css", "/socket", "/worker.js", "/nothing", "/../server.py"]


def test_a_code_is_good_once() -> None:
    door = Door(locked=True)
    code = door.new_code()
    assert (
        door.enter("") is None and door.enter(code[:-1]) is None and door.enter("ü\ud800") is None
    )
    secret = door.enter(code)
    assert secret and door.enter(code) is None
    assert door.knows(secret) and not door.knows(code) and not door.knows("")
    assert len(code) >= 20 and len(secret) >= 40


def test_a_new_code_voids_the_one_before() -> None:
    door = Door(locked=True)
    old, new = door.new_code(), door.new_code()
    assert old != new and door.enter(old) is None and door.enter(new)


def test_the_oldest_of_too_many_devices_is_forgotten() -> None:
    door = Door(locked=True)
    secrets = [door.enter(door.new_code()) or "" for _ in range(MOST_DEVICES + 1)]
    assert [door.knows(secret) for secret in secrets] == [False] + [True] * MOST_DEVICES


@pytest.mark.parametrize(
    ("host", "own"),
    [
        ("127.0.0.1:8765", True), ("192.168.1.20", True), ("[::1]:8765", True),
        ("localhost:1", True),
        (platform.node(), True), (f"{platform.node()}.local:80", True),
        ("evil.example", False), ("127.0.0.1.evil.example:8765", False), ("", False),
        ("evil.example@127.0.0.1", False), ("localhost.evil.example", False), ("[::1", False),
        ("127.0.0.1:8765:1", False), ("127.0.0.1/evil", False),
    ],
)  # fmt: skip
def test_own_hosts(host: str, own: bool) -> None:
    assert is_own_host(host) is own


@pytest.mark.parametrize(
    ("origin", "own"),
    [
        ("http://127.0.0.1:8765", True), ("https://127.0.0.1:8765", True),
        ("http://127.0.0.1:3000", False), ("http://127.0.0.1", False), ("null", False),
        ("http://evil.example", False), ("http://127.0.0.1:8765.evil.example", False), ("", False),
    ],
)  # fmt: skip
def test_own_origins(origin: str, own: bool) -> None:
    assert is_own_origin(origin, "127.0.0.1:8765") is own


def asked(
    rig: RemoteRig, *paths: str, method: str = "GET", **headers: str
) -> list[tuple[int, dict[str, str], str]]:
    """Status, headers and text of each, one after the other, with the cookies in between."""

    async def ask() -> list[tuple[int, dict[str, str], str]]:
        told = []
        jar = aiohttp.CookieJar(unsafe=True)  # of addresses too
        async with aiohttp.ClientSession(f"http://127.0.0.1:{rig.port}", cookie_jar=jar) as session:
            for path in paths:
                named = {name.replace("_", "-"): value for name, value in headers.items()}
                async with session.request(
                    method, path, headers=named, allow_redirects=False
                ) as answer:
                    told.append((answer.status, dict(answer.headers), await answer.text("latin-1")))
        return told

    return asyncio.run(ask())


@pytest.mark.parametrize("path", PATHS)
def test_without_a_code_there_is_nothing(locked: RemoteRig, path: str) -> None:
    ((status, headers, text),) = asked(locked, path)
    assert status == 403 and "scan the code" in text.lower()
    assert "default-src 'none'" in headers["Content-Security-Policy"]
    wait_until(lambda: "refused, the last" in locked.events[-1])


@pytest.mark.parametrize("code", ["", "wrong", "%ff", "%ed%a0%80", "x" * 5000])
def test_wrong_codes(locked: RemoteRig, code: str) -> None:
    ((status, headers, _),) = asked(locked, f"/?code={code}")
    assert status == 403 and "Set-Cookie" not in headers


def test_the_code_becomes_a_cookie_of_that_device(locked: RemoteRig) -> None:
    link = locked.link
    path = link[link.index("/?") :]
    first, second, again, file = asked(locked, path, "/", path, "/page.js")
    assert first[0] == 303 and first[1]["Location"] == "/"
    cookie = first[1]["Set-Cookie"]
    assert "HttpOnly" in cookie and "SameSite=Lax" in cookie and cookie.startswith("rtsep-")
    assert second[0] == 200 and file[0] == 200
    assert again[0] == 303 and "Set-Cookie" not in again[1]
    ((status, _, _),) = asked(locked, path)  # another device
    assert status == 403
    wait_until(lambda: any("a device was let in" in event for event in locked.events))


def test_looking_ahead_uses_no_code_up(locked: RemoteRig) -> None:
    link = locked.link
    path = link[link.index("/?") :]
    assert asked(locked, path, method="HEAD")[0][0] == 403
    assert asked(locked, path, Sec_Purpose="prefetch")[0][0] == 403
    assert asked(locked, path)[0][0] == 303


def test_a_device_that_is_in_can_let_another_in(locked: RemoteRig) -> None:
    path = locked.link.partition(str(locked.port))[2]
    cookie = asked(locked, path)[0][1]["Set-Cookie"].partition(";")[0]

    async def scene(rig: RemoteRig) -> None:
        async with Talker(rig, headers={"Cookie": cookie}) as page:
            await page.say(invite=True)
            await page.hear_until(lambda: any("invitation" in text for text in page.texts))
            invitation = next(text["invitation"] for text in page.texts if "invitation" in text)
            assert {*"".join(invitation["rows"])} == {"0", "1"}
            rows = invitation["rows"]
            assert len(rows) > 25 and {len(row) for row in rows} == {len(rows)}
            links.append(invitation["link"])

    links: list[str] = []
    locked.play(scene)
    assert asked(locked, links[0].partition(str(locked.port))[2])[0][0] == 303


def test_a_socket_needs_the_cookie_too(locked: RemoteRig) -> None:
    async def scene(rig: RemoteRig) -> None:
        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            async with Talker(rig):
                pass
        assert refused.value.status == 403

    locked.play(scene)
    assert locked.server.pages == 0


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(
    "headers",
    [{"Origin": "http://evil.example"}, {"Origin": "null"}, {"Host": "evil.example"},
     {"Host": "evil.example:8765", "Origin": "http://evil.example:8765"}],
)  # fmt: skip
def test_strange_pages_are_refused_also_where_no_code_is_needed(
    rig: RemoteRig, path: str, headers: dict[str, str]
) -> None:
    ((status, answer, _),) = asked(rig, path, **headers)
    assert status == 403 and "evil" not in answer["Content-Security-Policy"]


def test_a_strange_page_gets_no_socket(rig: RemoteRig) -> None:
    async def scene(rig: RemoteRig) -> None:
        for headers in ({"Origin": "http://evil.example"}, {"Host": "evil.example"}):
            with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
                async with Talker(rig, headers=headers):
                    pass
            assert refused.value.status == 403
        async with Talker(rig, headers={"Origin": f"http://127.0.0.1:{rig.port}"}) as page:
            await page.hear_frames(1)

    rig.play(scene)


def test_every_file_of_the_page_is_served_as_what_it_is(rig: RemoteRig) -> None:
    names = [name for name in page_files() if name != "index.html"]
    assert {"page.js", "worker.js", "manifest.webmanifest", "icons/icon-192.png"} <= {*names}
    for name, (status, headers, _) in zip(
        names, asked(rig, *(f"/{name}" for name in names)), strict=True
    ):
        assert status == 200
        assert headers["X-Content-Type-Options"] == "nosniff"
        ending = Path(name).suffix
        kind = {".js": "text/javascript", ".css": "text/css", ".png": "image/png"}
        assert headers["Content-Type"].startswith(kind.get(ending, "application/manifest+json"))
    assert asked(rig, "/nothing", "/icons/", "/index.html/..")[0][0] == 404


def test_nothing_can_be_sent_to_it(rig: RemoteRig) -> None:
    assert [asked(rig, "/", method=method)[0][0] for method in ("POST", "PUT", "DELETE")] == [
        405
    ] * 3


@pytest.mark.parametrize(
    "garbage",
    [b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc", b"GET / HTTP/1.1\r\n\r\n", b"\0" * 9000,
     b"GET /" + b"a" * 9000 + b" HTTP/1.1\r\n\r\n",
     b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n"],
    ids=["TLS", "no host", "zeros", "long line", "two hosts"],
)  # fmt: skip
def test_garbage_is_survived_in_silence(
    rig: RemoteRig, garbage: bytes, capfd: pytest.CaptureFixture[str]
) -> None:
    with socket.create_connection(("127.0.0.1", rig.port)) as stranger:
        stranger.settimeout(20)
        stranger.sendall(garbage)
        answer = stranger.recv(65536)
    assert answer.startswith((b"HTTP/1.1 400", b"HTTP/1.0 400", b"HTTP/1.1 403"))
    assert asked(rig, "/")[0][0] == 200
    assert capfd.readouterr() == ("", "")  # there is a display


def test_who_only_holds_connections_keeps_nobody_out(rig: RemoteRig) -> None:
    with ExitStack() as held:

        def hold(count: int) -> None:
            for _ in range(count):
                held.enter_context(socket.create_connection(("127.0.0.1", rig.port)))

        async def scene(rig: RemoteRig) -> None:
            async with Talker(rig) as page:
                hold(MOST_CONNECTIONS)
                await page.hear_frames(30)
                ((status, _, _),) = await asyncio.to_thread(asked, rig, "/")
                assert status == 200
                there = [one for one in rig.server._http.connections if one.transport]
                assert len(there) <= MOST_CONNECTIONS

        hold(3 * MOST_CONNECTIONS)
        rig.play(scene)


def serve(rig: RemoteRig, host: str, warn: Callable[[str], object] | None) -> RemoteServer:
    return RemoteServer(
        rig.desk, lambda: rig.status, HostPort(host, 0), rig.events.append, warn=warn
    )


def test_nothing_wider_in_silence(rig: RemoteRig) -> None:
    with pytest.raises(ConfigError, match=r"is open to others, and nobody is told; take 127\.0"):
        serve(rig, "0.0.0.0", None)


def test_something_wider_is_said_aloud_and_wants_a_code(rig: RemoteRig) -> None:
    said: list[str] = []
    with serve(rig, "0.0.0.0", said.append) as server:
        assert server.takes_codes and "?code=" in server.links[0]
        assert "0.0.0.0" not in server.links[0]
    (warning,) = said
    assert warning.startswith("warning: the remote page on 0.0.0.0 is open: who has the code")


def test_a_port_that_is_taken(rig: RemoteRig) -> None:
    with pytest.raises(ConfigError, match=r"the remote page cannot listen on .* another port"):
        RemoteServer(rig.desk, lambda: rig.status, HostPort("127.0.0.1", rig.port), print)


def test_on_this_machine_no_code_is_needed(rig: RemoteRig) -> None:
    assert not rig.server.takes_codes and rig.link == f"http://127.0.0.1:{rig.port}/"
    assert remote_server.is_loopback("127.0.0.1")
