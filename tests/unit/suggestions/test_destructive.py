import pytest

from bot.suggestions.destructive import is_destructive


@pytest.mark.parametrize(
    "command",
    [
        "rm -rf /var/lib/data",
        "sudo rm -r -f /tmp/x",
        "kubectl -n shop delete pod a",
        "kubectl drain node-1 --ignore-daemonsets",
        "kubectl -n shop scale deployment/x --replicas=0",
        "kubectl \\\n  -n shop \\\n  delete pvc data-0",
        "DROP TABLE orders;",
        "TRUNCATE orders",
        "delete from orders where 1=1",
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity",
        "mkfs.ext4 /dev/sdb",
        "dd if=/dev/zero of=/dev/sda bs=1M",
        "systemctl stop postgresql",
        "kill -9 4711",
        "redis-cli FLUSHALL",
        "aws ec2 terminate-instances --instance-ids i-1",
        "terraform destroy",
        "helm uninstall shop",
        "Clear it with `kubectl delete job x`.",
        "curl -X DELETE localhost:9200/logs",
        "sudo reboot",
    ],
)
def test_what_takes_something_away_is_marked(command: str) -> None:
    assert is_destructive(command)


@pytest.mark.parametrize(
    "command",
    [
        "kubectl -n shop get pods",
        "kubectl describe node a",
        "kubectl -n shop rollout undo deployment/x",
        "systemctl status postgresql",
        "SELECT count(*) FROM deleted_orders",
        "kill -HUP 4711",
        "Restart the leaking client, and only that one.",
        "df -h; du -sh /var/*",
        "add more disk",
        "the form was truncated",
        "Check whether the node will reboot by itself.",
    ],
)
def test_what_only_looks_or_restarts_is_not(command: str) -> None:
    assert not is_destructive(command)
