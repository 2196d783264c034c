"""Which labels name a service, an environment, a cluster; in the order they are believed."""

from collections.abc import Iterable, Mapping

NAMING_LABELS = (
    "service",
    "service_name",
    "service.name",
    "app",
    "app.kubernetes.io/name",
    "app_kubernetes_io_name",
    "label_app_kubernetes_io_name",
    "application",
)
"""Labels that exist to name a service."""

PLACE_LABELS = (
    "deployment",
    "statefulset",
    "daemonset",
    "workload",
    "cronjob",
    "job_name",
    "job",
    "container",
    "namespace",
)
"""Labels that say where something runs or who measured it; often it is called after a service."""

SERVICE_LABELS = (*NAMING_LABELS, *PLACE_LABELS)
ENVIRONMENT_LABELS = ("environment", "env", "stage", "deployment_environment")
CLUSTER_LABELS = ("cluster", "cluster_name", "k8s_cluster", "region", "location")

_EXPORTERS = (
    "node-exporter",
    "node_exporter",
    "kube-state-metrics",
    "blackbox-exporter",
    "blackbox",
    "cadvisor",
    "kubelet",
    "prometheus-operator",
    "alertmanager",
)
"""Programs that measure others: named by `job` or `container`, they are not what is broken."""

_SAME_ENVIRONMENT = {
    "production": "prod",
    "prd": "prod",
    "live": "prod",
    "stage": "staging",
    "stg": "staging",
    "development": "dev",
    "testing": "test",
}


def first_value(labels: Mapping[str, str], names: Iterable[str]) -> tuple[str, str] | None:
    """(label, value) of the first of `names` that has one."""
    for name in names:
        value = labels.get(name, "").strip()
        if value:
            return name, value
    return None


def is_exporter(value: str) -> bool:
    """Whether this is a well-known exporter, a Helm release name before it or not."""
    return value.lower().endswith(_EXPORTERS)


def environment_word(value: str) -> str:
    """The customary short word for an environment, in lower case."""
    lowered = value.strip().lower()
    head, slash, rest = lowered.partition("/")
    return f"{_SAME_ENVIRONMENT.get(head, head)}{slash}{rest}"


def spellings(environment: str) -> tuple[str, ...]:
    """All customary spellings of an environment, in lower case, the short word first."""
    word = environment_word(environment)
    head, slash, rest = word.partition("/")
    longer = [long for long, short in _SAME_ENVIRONMENT.items() if short == head]
    return (word, *(f"{long}{slash}{rest}" for long in longer))
