"""Web API and Socket Mode go through the configured proxy."""

from urllib.parse import urlsplit

from slack_bolt import App

from bot.clock import SystemClock
from bot.slack.connect import web_client
from bot.slack.socket import SocketRunner
from bot.workspace.server import LocalWorkspace
from tests.support.proxy import Proxy

FAR_AWAY = "http://slack.far-away.test/api/"


def target(workspace: LocalWorkspace) -> tuple[str, int]:
    address = urlsplit(workspace.base_url)
    assert address.hostname is not None
    assert address.port is not None
    return address.hostname, address.port


def test_the_web_api_goes_through_the_proxy() -> None:
    with LocalWorkspace() as workspace, Proxy(target(workspace)) as proxy:
        client = web_client(workspace.bot_token, base_url=FAR_AWAY, proxy=proxy.url)
        assert client.auth_test()["ok"]
    assert proxy.asked == ["POST slack.far-away.test"]


def test_socket_mode_asks_the_proxy_for_a_tunnel() -> None:
    """Inside the tunnel the library speaks TLS, as Slack does and the local workspace does not."""
    with LocalWorkspace() as workspace, Proxy(target(workspace)) as proxy:
        app_client = web_client(workspace.app_token, base_url=FAR_AWAY, proxy=proxy.url)
        app = App(client=app_client, token_verification_enabled=False, signing_secret="x")
        runner = SocketRunner(app, app_client, SystemClock(), connections=1)
        runner.start()
        try:
            assert proxy.tunnelled.wait(20)
        finally:
            runner.stop()
    host, port = target(workspace)
    assert proxy.asked[:2] == ["POST slack.far-away.test", f"CONNECT {host}:{port}"]


def test_this_machine_is_reached_without_the_proxy() -> None:
    with LocalWorkspace() as workspace, Proxy(target(workspace)) as proxy:
        client = web_client(workspace.bot_token, base_url=workspace.api_url, proxy=proxy.url)
        assert client.auth_test()["ok"]
    assert proxy.asked == []
