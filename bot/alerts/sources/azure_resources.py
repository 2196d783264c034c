"""Azure resource ids: what they say about where something runs, as labels."""

_HOSTS = ("virtualmachines", "machines", "servers")
_APPLICATIONS = ("sites", "containerapps", "components", "functionapps", "spring")
_CLUSTERS = ("managedclusters", "connectedclusters")


def place_of(resource_id: str) -> dict[str, str]:
    """`/subscriptions/<id>/resourceGroups/<group>/providers/<namespace>/<type>/<name>...`."""
    parts = [part for part in resource_id.split("/") if part]
    lowered = [part.lower() for part in parts]
    labels: dict[str, str] = {}
    for mark, label in (("subscriptions", "subscription"), ("resourcegroups", "resource_group")):
        if mark in lowered and lowered.index(mark) + 1 < len(parts):
            labels[label] = parts[lowered.index(mark) + 1]
    if "providers" not in lowered:
        return labels
    start = lowered.index("providers")
    rest = parts[start + 1 :]
    if len(rest) >= 3:
        kind, name = rest[1].lower(), rest[2]
        labels["resource"] = name
        labels["resource_type"] = f"{rest[0]}/{rest[1]}".lower()
        if kind in _HOSTS:
            labels["host"] = name
        elif kind in _APPLICATIONS:
            labels["application"] = name
        elif kind in _CLUSTERS:
            labels["cluster"] = name
    return labels
