"""The kubernetes executor: a few deeds on one object, through the official client.

There is no kubeconfig: such a file may name programs to be started. Address, token and authority
come from the template and the runner's secrets.
"""

import ssl
import tempfile
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import urllib3

from bot.actions.blocks import VERBS, Kubernetes
from bot.actions.executors.extras import library
from bot.actions.executors.hosts import HostGate
from bot.actions.executors.kubernetes_deeds import DEEDS, Cluster, Pace
from bot.actions.executors.port import Ended, NotAllowed, Outcome, Run, with_secrets
from bot.actions.frozen import Step

_PORTS = {"http": 80, "https": 443}


class KubernetesExecutor:
    """Asks the API at the address that was checked; redirects, proxies and retries are off."""

    def __init__(self, gate: HostGate, verify: ssl.SSLContext | bool = True) -> None:
        self._gate = gate
        self._verify = verify

    def run(self, step: Step, run: Run) -> Outcome:
        assert step.kubernetes is not None
        block = step.kubernetes
        pace = Pace(run)
        try:
            kind = block.object.partition("/")[0]
            if kind not in VERBS[block.verb]:
                raise NotAllowed(f"{block.verb} is not for a {kind}")
            client = library("kubernetes.client", "kubernetes")
            with tempfile.TemporaryDirectory(prefix="recall-k8s-") as folder:
                api = client.ApiClient(self._configuration(client, block, run, Path(folder)))
                api.set_default_header("Host", urlsplit(block.server).netloc)
                if run.cancelled():
                    return Outcome(Ended.CANCELLED, detail="was stopped before anything was asked")
                cluster = Cluster(client, api, block, pace)
                return self._tell(cluster, client)
        except NotAllowed as error:
            return Outcome(Ended.REFUSED, detail=str(error))

    def _configuration(self, client: Any, block: Kubernetes, run: Run, folder: Path) -> Any:
        parts = urlsplit(block.server)
        assert parts.hostname is not None  # the block's own check
        address = self._gate.address(parts.hostname, parts.port or _PORTS[parts.scheme])
        token = with_secrets(block.token, run.secrets)
        plain = f"[{address}]" if ":" in address else address
        host = f"{parts.scheme}://{plain}:{parts.port or _PORTS[parts.scheme]}"
        made = client.Configuration(host=host)
        made.api_key = {"BearerToken": token, "authorization": token}
        made.api_key_prefix = {"BearerToken": "Bearer", "authorization": "Bearer"}
        made.proxy = None
        made._proxy_from_env = False
        made.retries = urllib3.Retry(0, redirect=0, raise_on_redirect=False, other=0)
        made.tls_server_name = parts.hostname
        made.verify_ssl = True
        if block.ca:
            file = folder / "ca.pem"
            file.write_text(with_secrets(block.ca, run.secrets))
            made.ssl_ca_cert = str(file)
        elif isinstance(self._verify, ssl.SSLContext):
            file = folder / "ca.pem"
            authorities = self._verify.get_ca_certs(binary_form=True)
            file.write_text("".join(map(ssl.DER_cert_to_PEM_cert, authorities)))
            made.ssl_ca_cert = str(file)
        return made

    @staticmethod
    def _tell(cluster: Cluster, client: Any) -> Outcome:
        """What became of it. A change that was sent and not answered may have happened."""
        try:
            return DEEDS[cluster.block.verb](cluster)
        except client.ApiException as error:
            return Outcome(Ended.FAILED, error.status or None, cluster.said(error))
        except (
            urllib3.exceptions.ConnectTimeoutError,
            urllib3.exceptions.NewConnectionError,
            urllib3.exceptions.MaxRetryError,
        ) as error:
            is_unsent = isinstance(
                getattr(error, "reason", error),
                urllib3.exceptions.ConnectTimeoutError | urllib3.exceptions.NewConnectionError,
            )
            return cluster.lost(type(error).__name__, is_unsent=is_unsent)
        except (urllib3.exceptions.HTTPError, OSError) as error:
            return cluster.lost(type(error).__name__, is_unsent=False)
