"""A local server that speaks the Kubernetes API's paths: objects by path, patches by content
type, dry runs, and Status bodies for what goes wrong."""

import copy
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

DEPLOYMENTS = "/apis/apps/v1/namespaces/shop/deployments/"
PATCHES = ("application/strategic-merge-patch+json", "application/json-patch+json")


def deployment(name: str, *, is_slow: bool = False) -> dict[str, Any]:
    labels = {"app": name}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name, "namespace": "shop", "uid": f"uid-{name}", "generation": 1},
        "spec": {
            "replicas": 2,
            "selector": {"matchLabels": labels},
            "template": {
                "metadata": {"labels": labels},
                "spec": {"containers": [{"name": "a", "image": "a:1"}]},
            },
        },
        "status": {
            "observedGeneration": 1,
            "replicas": 2,
            "updatedReplicas": 0 if is_slow else 2,
            "availableReplicas": 2,
        },
    }


class KubernetesApi:
    """`seen` is (method, path, query, content type, body); `objects` what the cluster holds."""

    def __init__(self, token: str) -> None:
        self.seen: list[tuple[str, str, dict[str, list[str]], str, Any]] = []
        self.objects = {
            DEPLOYMENTS + "web": deployment("web"),
            DEPLOYMENTS + "slow": deployment("slow", is_slow=True),
        }
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def log_message(self, *_: Any) -> None:
                pass

            def answer(self) -> None:
                size = int(self.headers.get("Content-Length") or 0)
                body = json.loads(self.rfile.read(size) or b"null")
                kind = self.headers.get("Content-Type") or ""
                if self.headers.get("Authorization") != f"Bearer {token}":
                    code, said = 401, outer.status(401, "Unauthorized", "Unauthorized")
                else:
                    code, said = outer.deal(self.command, self.path, kind, body)
                text = json.dumps(said).encode()
                self.send_response(code)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

            do_GET = do_PATCH = answer

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://localhost:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    @staticmethod
    def status(code: int, reason: str, message: str) -> dict[str, Any]:
        values = {"reason": reason, "message": message, "code": code, "status": "Failure"}
        return {"apiVersion": "v1", "kind": "Status", "metadata": {}, **values}

    def deal(self, method: str, target: str, kind: str, body: Any) -> tuple[int, dict[str, Any]]:
        parts = urlsplit(target)
        query = parse_qs(parts.query)
        self.seen.append((method, parts.path, query, kind, body))
        found = self.objects.get(parts.path)
        if found is None:
            name = parts.path.rpartition("/")[2]
            return 404, self.status(404, "NotFound", f'deployments.apps "{name}" not found')
        if method == "GET":
            return 200, found
        if kind not in PATCHES:
            return 415, self.status(415, "UnsupportedMediaType", kind)
        changed = copy.deepcopy(found)
        merge(changed, body)
        changed["metadata"]["generation"] += 1
        changed["status"]["observedGeneration"] += 1
        if query.get("dryRun") != ["All"]:
            self.objects[parts.path] = changed
        return 200, changed

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


def merge(into: dict[str, Any], patch: dict[str, Any]) -> None:
    for key, value in patch.items():
        if isinstance(value, dict):
            merge(into.setdefault(key, {}), value)
        else:
            into[key] = value
