"""Every deed in Kubernetes from the wish to the cluster: asked for, approved, run by the runner,
against a local server that speaks the API."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bot.actions.model import ActionRequest, RequestState
from bot.clock import ManualClock
from tests.support.actions import LENA, Team
from tests.support.databases import sqlite_database
from tests.support.kubernetes_api import DEPLOYMENTS, JOBS, KubernetesApi

TEMPLATE = """
id: deed
version: 1
title: Do it
risk: low
parameters: [{{name: what, type: object}}]
executor: kubernetes
kubernetes:
  server: {server}
  token: ${{secret:TOKEN}}
  verb: {verb}
  object: ${{what}}
  {more}
dry_run: {dry_run}
targets: ["${{what}}"]
verification: {{alert_resolved: true}}
timeout: 10s
"""
INVENTORY = """
objects: [deployment/shop/web, deployment/shop/slow, node/node-1, pod/shop/*, cronjob/shop/report]
"""
WEB = DEPLOYMENTS + "web"


class Cluster:
    """A team that may do one deed, and the cluster that it does it to."""

    def __init__(self, team: Team, api: KubernetesApi) -> None:
        self.team, self.api = team, api

    def may(self, verb: str, more: str = "", *, dry_run: bool = False) -> None:
        text = TEMPLATE.format(
            verb=verb, server=self.api.url, more=more, dry_run=str(dry_run).lower()
        )
        self.team.writes("0.yaml", text)
        self.team.writes("inventory.yaml", INVENTORY)

    def does(self, what: str) -> ActionRequest:
        """Asked for, approved and run; how it stands then."""
        request = self.team.asked(template="deed", what=what)
        self.team.runs()  # the dry run, where there is one
        self.team.approves(LENA, request)
        self.team.runs()
        return self.team.now(request)

    def changes(self) -> list[tuple[str, str]]:
        """(method, path) of all that was asked to be kept."""
        return [
            (method, path)
            for method, path, query, _, _ in self.api.seen
            if method != "GET" and "dryRun" not in query
        ]

    def output(self, request: ActionRequest) -> str:
        return self.team.card(request).output


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Cluster]:
    clock = ManualClock()
    api = KubernetesApi("sup3r-s3cret")
    hosts = f"localhost:{api.url.rpartition(':')[2]}@127.0.0.0/8"
    with sqlite_database(tmp_path, clock) as database:
        team = Team(database, clock, tmp_path, RECALL_RUNNER_HOSTS=hosts)
        team.runner = team.new_runner({"RECALL_RUNNER_SECRET_TOKEN": "sup3r-s3cret"})
        yield Cluster(team, api)
    api.close()


def ran(request: ActionRequest) -> bool:
    return request.state is RequestState.RUNNING and request.phase.value == "verifying"


def test_scale(cluster: Cluster) -> None:
    cluster.may("scale", 'replicas: "5"')
    request = cluster.does("deployment/shop/web")
    assert ran(request), request.note
    assert cluster.api.objects[WEB]["spec"]["replicas"] == 5
    assert "scaled from 2 to 5" in cluster.output(request)
    assert cluster.changes() == [("PATCH", f"{WEB}/scale")]


def test_rollout_undo(cluster: Cluster) -> None:
    cluster.may("rollout_undo")
    request = cluster.does("deployment/shop/web")
    assert ran(request), request.note
    template: Any = cluster.api.objects[WEB]["spec"]["template"]
    assert template["spec"]["containers"][0]["image"] == "a:0"
    assert "pod-template-hash" not in template["metadata"]["labels"]
    assert "from revision 2 back to revision 1" in cluster.output(request)


def test_rollout_undo_of_what_was_rolled_out_meanwhile_is_refused(cluster: Cluster) -> None:
    cluster.may("rollout_undo")
    seen = cluster.api.deal

    def deal(method: str, target: str, kind: str, body: Any) -> tuple[int, dict[str, Any]]:
        if method == "PATCH":
            cluster.api.objects[WEB]["metadata"]["annotations"].update(
                {"deployment.kubernetes.io/revision": "3"}
            )
        return seen(method, target, kind, body)

    cluster.api.deal = deal  # type: ignore[method-assign]
    request = cluster.does("deployment/shop/web")
    assert request.state is RequestState.FAILED
    assert "the test of" in request.note


def test_rollout_undo_without_an_earlier_revision_changes_nothing(cluster: Cluster) -> None:
    cluster.may("rollout_undo")
    cluster.api.replica_sets = cluster.api.replica_sets[1:]
    request = cluster.does("deployment/shop/web")
    assert (request.state, cluster.changes()) == (RequestState.FAILED, [])
    assert "no revision before this one" in request.note


def test_cordon(cluster: Cluster) -> None:
    cluster.may("cordon")
    request = cluster.does("node/node-1")
    assert ran(request), request.note
    assert cluster.api.objects["/api/v1/nodes/node-1"]["spec"] == {"unschedulable": True}
    again = cluster.does("node/node-1")
    assert "cordoned already" in cluster.output(again)
    assert len(cluster.changes()) == 1


def test_delete_pod(cluster: Cluster) -> None:
    cluster.may("delete_pod")
    request = cluster.does("pod/shop/web-x")
    assert ran(request), request.note
    assert "/api/v1/namespaces/shop/pods/web-x" not in cluster.api.objects
    [sent] = [body for method, _, _, _, body in cluster.api.seen if method == "DELETE"]
    assert sent["preconditions"] == {"uid": "uid-web-x"}, "the very pod that was seen"


def test_a_pod_that_nothing_makes_anew_is_not_deleted(cluster: Cluster) -> None:
    cluster.may("delete_pod")
    request = cluster.does("pod/shop/alone")
    assert (request.state, cluster.changes()) == (RequestState.FAILED, [])
    assert "nothing would make that pod anew" in request.note


def test_job_from_cronjob(cluster: Cluster) -> None:
    cluster.may("job_from_cronjob")
    request = cluster.does("cronjob/shop/report")
    assert ran(request), request.note
    [job] = [one for path, one in cluster.api.objects.items() if path.startswith(JOBS)]
    assert job["metadata"]["name"].startswith("report-recall-")
    assert job["metadata"]["annotations"] == {"cronjob.kubernetes.io/instantiate": "manual"}
    assert job["metadata"]["ownerReferences"][0]["uid"] == "uid-report"
    assert job["spec"]["template"]["spec"]["containers"] == [{"name": "a", "image": "a:1"}]


def test_a_job_that_fails_is_told(cluster: Cluster) -> None:
    cluster.may("job_from_cronjob")
    cluster.api.job_ends = "Failed"
    request = cluster.does("cronjob/shop/report")
    assert request.state is RequestState.FAILED
    assert "the job failed: BackoffLimitExceeded" in request.note


@pytest.mark.parametrize(
    ("verb", "what", "more"),
    [
        ("rollout_restart", "deployment/shop/web", ""),
        ("rollout_undo", "deployment/shop/web", ""),
        ("scale", "deployment/shop/web", 'replicas: "5"'),
        ("cordon", "node/node-1", ""),
        ("delete_pod", "pod/shop/web-x", ""),
        ("job_from_cronjob", "cronjob/shop/report", ""),
    ],
)
def test_a_dry_run_keeps_nothing_and_is_tried_before_anybody_is_asked(
    cluster: Cluster, verb: str, what: str, more: str
) -> None:
    cluster.may(verb, more, dry_run=True)
    request = cluster.team.asked(template="deed", what=what)
    cluster.team.runs()
    assert cluster.team.state(request) is RequestState.AWAITING_APPROVAL
    assert cluster.team.card(request).dry_run
    assert cluster.changes() == []
    tried = [query for method, _, query, _, _ in cluster.api.seen if method != "GET"]
    assert tried == [{**tried[0], "dryRun": ["All"]}]


@pytest.mark.parametrize(
    ("verb", "what"),
    [
        ("cordon", "deployment/shop/web"),
        ("delete_pod", "node/node-1"),
        ("rollout_undo", "pod/shop/web-x"),
        ("delete_pod", "pod/kube-system/web-x"),
        ("delete_pod", "pod/shop/../../nodes/node-1"),
    ],
)
def test_a_deed_on_another_kind_or_elsewhere_reaches_no_cluster(
    cluster: Cluster, verb: str, what: str
) -> None:
    cluster.may(verb)
    answer = cluster.team.asks(template="deed", what=what)
    if answer.request is not None:
        cluster.team.approves(LENA, answer.request)
        cluster.team.runs()
        assert cluster.team.state(answer.request) is RequestState.FAILED
    assert cluster.api.seen == []
