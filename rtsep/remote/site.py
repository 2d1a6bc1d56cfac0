"""What a browser gets: the page's files, and one socket; to others, a refusal and nothing else."""

from __future__ import annotations

import mimetypes
from collections.abc import Awaitable, Callable
from importlib.resources import files

from aiohttp import web

from rtsep.remote.door import Door, is_own_host, is_own_origin

START = "index.html"
OPEN = ("/manifest.webmanifest", "/icons/")  # that browsers fetch without cookies; no secrets
COOKIE_SECONDS = 30 * 24 * 3600
TYPES = {".webmanifest": "application/manifest+json", ".js": "text/javascript"}
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-cache",
}
# `'self'` is not a WebSocket of the same host to all browsers, so that is named.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; manifest-src 'self'; "
    "worker-src 'self'; connect-src 'self' ws://{host} wss://{host}; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'"
)
NO_CODE = (
    "This device has not been let in, or its code was used before. Scan the code that rtsep shows "
    "in its terminal, or the one of 'add a device' on a page that is open."
)

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Site:
    """Asks the door for every request. Knows nothing of the desk."""

    def __init__(
        self, door: Door, talk: Handler, refuse: Callable[[str], None], entered: Callable[[], None]
    ) -> None:
        """`talk` serves the socket; `refuse` is told why somebody was turned away, `entered` that a
        new device is in."""
        self._door, self._talk, self._refuse, self._entered = door, talk, refuse, entered
        self._files = page_files()
        self._cookie = "rtsep"

    def application(self, port: int) -> web.Application:
        self._cookie = f"rtsep-{port}"  # cookies know hosts, no ports
        application = web.Application(middlewares=[self._guarded])
        application.router.add_get("/socket", self._talk, allow_head=False)
        application.router.add_get("/", self._start)
        application.router.add_get("/{name:.+}", self._file)
        application.on_response_prepare.append(_headed)
        return application

    @web.middleware
    async def _guarded(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        reason = self._reason(request)
        if reason:
            self._refuse(f"{request.remote}: {reason}")
            raise web.HTTPForbidden(text=f"403: {reason}\n")
        return await handler(request)

    def _reason(self, request: web.Request) -> str:
        """Why not; nothing for who may."""
        host, origin = request.headers.get("Host", ""), request.headers.get("Origin")
        if not is_own_host(host):
            return f"{host[:60]!r} is no name of this machine; take its address"
        if origin is not None and not is_own_origin(origin, host):
            return f"a page of {origin[:60]!r} asks, which is not ours"
        free = request.path == "/" and "code" in request.query  # `_start` looks at that
        if free or request.path.startswith(OPEN) or self._knows(request):
            return ""
        return NO_CODE

    def _knows(self, request: web.Request) -> bool:
        return self._door.knows(request.cookies.get(self._cookie, ""))

    async def _start(self, request: web.Request) -> web.StreamResponse:
        """The page; with a code, first a cookie for that device. A second look at the same code
        does not matter to a device that is in."""
        if "code" not in request.query:
            return self._answer(START)
        response = web.Response(status=303, headers={"Location": "/"})
        if self._knows(request):
            return response
        looks_only = request.method != "GET" or _is_ahead(request)
        secret = None if looks_only else self._door.enter(request.query["code"])
        if secret is None:
            self._refuse(f"{request.remote}: {NO_CODE}")
            raise web.HTTPForbidden(text=f"403: {NO_CODE}\n")
        self._entered()
        response.set_cookie(
            self._cookie, secret, max_age=COOKIE_SECONDS, httponly=True, samesite="Lax"
        )
        return response

    async def _file(self, request: web.Request) -> web.StreamResponse:
        return self._answer(request.match_info["name"])

    def _answer(self, name: str) -> web.Response:
        if name not in self._files:
            raise web.HTTPNotFound
        kind, body = self._files[name]
        charset = "utf-8" if kind.startswith("text/") else None
        return web.Response(body=body, content_type=kind, charset=charset)


def page_files() -> dict[str, tuple[str, bytes]]:
    """Type and content, by name."""
    page = files("rtsep.remote") / "page"
    found = [*page.iterdir(), *(page / "icons").iterdir()]
    return {
        f"icons/{one.name}" if one.name.startswith("icon") else one.name: (
            _type(one.name),
            one.read_bytes(),
        )
        for one in found
        if one.is_file()
    }


def _type(name: str) -> str:
    """By our own table first: that of the system may say anything."""
    ending = name[name.rindex(".") :]
    return TYPES.get(ending) or mimetypes.guess_type(name)[0] or "application/octet-stream"


def _is_ahead(request: web.Request) -> bool:
    """Whether a browser fetches what somebody may open later: that must not use up a code."""
    named = (request.headers.get(name, "") for name in ("Purpose", "Sec-Purpose", "X-Moz"))
    return any("prefetch" in value or "preview" in value for value in named)


async def _headed(request: web.Request, response: web.StreamResponse) -> None:
    response.headers.update(HEADERS)
    host = request.headers.get("Host", "")
    named = host if is_own_host(host) else "localhost"
    response.headers["Content-Security-Policy"] = POLICY.format(host=named)
