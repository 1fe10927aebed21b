"""Control planes for tests: a fake that speaks what the driver uses, and a real kube-apiserver with etcd.

Both know the same two users by their tokens: one may do everything, one may read and change nothing.
"""

import http.server
import json
import os
import re
import shutil
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
import yaml

from riskengine.stack import ports

ADMINISTRATOR, READER, STRANGER = "administrator-token", "reader-token", "stranger-token"
_READY_S = 90.0


class ControlPlane(msgspec.Struct, frozen=True):
    """Where one answers, and the certificate it shows; None where it speaks plain HTTP."""

    url: str
    certificate: Path | None

    def kubeconfig(self, path: Path, token: str, *, namespace: str) -> Path:
        """Writes a kubeconfig for the bearer of a token."""
        cluster = {"server": self.url} | (
            {} if self.certificate is None else {"certificate-authority": str(self.certificate)}
        )
        path.write_text(
            yaml.safe_dump(
                {
                    "clusters": [{"name": "here", "cluster": cluster}],
                    "users": [{"name": "me", "user": {"token": token}}],
                    "contexts": [{"name": "x", "context": {"cluster": "here", "user": "me", "namespace": namespace}}],
                    "current-context": "x",
                }
            )
        )
        return path

    def create(self, namespace: str, **replicas: int) -> None:
        """Makes a namespace with Deployments that want so many replicas."""
        with self._client() as client:
            self._post(client, "/api/v1/namespaces", {"metadata": {"name": namespace}})
            for name, count in replicas.items():
                self._post(client, f"/apis/apps/v1/namespaces/{namespace}/deployments", _deployment(name, count))

    def replicas(self, namespace: str, name: str) -> int:
        """How many a Deployment wants."""
        with self._client() as client:
            answer = client.get(f"/apis/apps/v1/namespaces/{namespace}/deployments/{name}/scale").raise_for_status()
            return int(answer.json()["spec"].get("replicas", 0))

    def accepts(self, namespace: str, manifest: dict[str, Any]) -> None:
        """Fails unless it would take an object whole, every field known, into a namespace."""
        version, kind = manifest["apiVersion"], manifest["kind"].lower()
        plural = f"{kind[:-1]}ies" if kind.endswith("y") else f"{kind}s"
        root = "/api/v1" if version == "v1" else f"/apis/{version}"
        asked = {"dryRun": "All", "fieldValidation": "Strict"}
        with self._client() as client:
            answer = client.post(f"{root}/namespaces/{namespace}/{plural}", params=asked, json=manifest)
            assert answer.status_code == 201, answer.text

    def _client(self) -> httpx.Client:
        verify = True if self.certificate is None else str(self.certificate)
        headers = {"Authorization": f"Bearer {ADMINISTRATOR}"}
        return httpx.Client(base_url=self.url, verify=_context(verify), headers=headers, trust_env=False)

    @staticmethod
    def _post(client: httpx.Client, path: str, body: dict[str, Any]) -> None:
        client.post(path, json=body).raise_for_status()


def _context(verify: bool | str) -> Any:
    return verify if isinstance(verify, bool) else ssl.create_default_context(cafile=verify)


def _deployment(name: str, count: int) -> dict[str, Any]:
    labels = {"app": name}
    pod = {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "only", "image": "none"}]}}
    spec = {"replicas": count, "selector": {"matchLabels": labels}, "template": pod}
    return {"metadata": {"name": name}, "spec": spec}


_SCALE = re.compile(r"/apis/apps/v1/namespaces/([^/?]+)/deployments/([^/?]+)/scale(?:\?.*)?")
_DEPLOYMENTS = re.compile(r"/apis/apps/v1/namespaces/([^/?]+)/deployments(?:\?.*)?")


class _Api(http.server.BaseHTTPRequestHandler):
    """The scale of Deployments as Kubernetes has it: optimistic versions, problems as `Status`."""

    server: "_FakeServer"

    def do_POST(self) -> None:
        body = self._body()
        if found := _DEPLOYMENTS.fullmatch(self.path):
            self.server.scales[found[1], body["metadata"]["name"]] = (body["spec"]["replicas"], 1)
        self._answer(201, body)

    def do_GET(self) -> None:
        if self._allowed("get") and (key := self._key()):
            self._answer(200, self._scale(key))

    def do_PUT(self) -> None:
        body = self._body()
        if not self._allowed("update") or not (key := self._key()):
            return
        _, version = self.server.scales[key]
        if body["metadata"].get("resourceVersion") not in (None, str(version)):
            self._problem(409, "Conflict", "the object has been modified")
        elif body["spec"].get("replicas", 0) < 0:
            self._problem(422, "Invalid", "spec.replicas: must be greater than or equal to 0")
        else:
            self.server.scales[key] = (body["spec"].get("replicas", 0), version + 1)
            self._answer(200, self._scale(key))

    def _allowed(self, verb: str) -> bool:
        match self.headers.get("Authorization", "").removeprefix("Bearer "), verb:
            case ("administrator-token", _) | ("reader-token", "get"):
                return True
            case "reader-token", _:
                self._problem(403, "Forbidden", f'User "reader" cannot {verb} resource "deployments/scale"')
            case _:
                self._problem(401, "Unauthorized", "Unauthorized")
        return False

    def _key(self) -> tuple[str, str] | None:
        found = _SCALE.fullmatch(self.path)
        if found and (found[1], found[2]) in self.server.scales:
            return found[1], found[2]
        self._problem(404, "NotFound", "deployments.apps not found")
        return None

    def _scale(self, key: tuple[str, str]) -> dict[str, Any]:
        replicas, version = self.server.scales[key]
        metadata = {"namespace": key[0], "name": key[1], "resourceVersion": str(version)}
        wanted = {"replicas": replicas} if replicas else {}
        about = {"kind": "Scale", "apiVersion": "autoscaling/v1", "metadata": metadata}
        return {**about, "spec": wanted, "status": {"replicas": 0}}

    def _body(self) -> Any:
        return json.loads(self.rfile.read(int(self.headers["Content-Length"])))

    def _problem(self, code: int, reason: str, message: str) -> None:
        about = {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure"}
        self._answer(code, {**about, "code": code, "reason": reason, "message": message})

    def _answer(self, code: int, body: Any) -> None:
        content = json.dumps(body).encode()
        self.send_response(code)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *arguments: object) -> None:
        """Keeps quiet."""


class _FakeServer(http.server.ThreadingHTTPServer):
    def __init__(self) -> None:
        super().__init__((ports.LOOPBACK, 0), _Api)
        self.scales: dict[tuple[str, str], tuple[int, int]] = {}


@contextmanager
def fake() -> Iterator[ControlPlane]:
    """One in this process, over plain HTTP."""
    with served(_FakeServer()) as port:
        yield ControlPlane(f"http://{ports.LOOPBACK}:{port}", None)


@contextmanager
def served(server: http.server.ThreadingHTTPServer) -> Iterator[int]:
    """Serves in a thread; the port."""
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield int(server.server_address[1])
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _program(variable: str, name: str) -> str:
    found = os.environ.get(variable) or shutil.which(name)
    if found is None:
        pytest.skip(f"no {name}: put it on PATH or name it in {variable}, as CONTRIBUTING.md says")
    return found


@contextmanager
def real(directory: Path) -> Iterator[ControlPlane]:
    """A kube-apiserver over an etcd, both on loopback; skips the test where there is none."""
    apiserver, etcd = _program("RISKENGINE_KUBE_APISERVER", "kube-apiserver"), _program("RISKENGINE_ETCD", "etcd")
    client_port, peer_port, port = ports.several(3)
    key, tokens, certificates = directory / "accounts.key", directory / "tokens.csv", directory / "certificates"
    subprocess.run(["openssl", "genrsa", "-out", key, "2048"], check=True, capture_output=True)
    tokens.write_text(f"{ADMINISTRATOR},administrator,1,system:masters\n{READER},reader,2,readers\n")
    store, peer = f"http://{ports.LOOPBACK}:{client_port}", f"http://{ports.LOOPBACK}:{peer_port}"
    with ExitStack() as running:
        running.enter_context(
            _process(
                directory / "etcd.log",
                *(etcd, "--data-dir", directory / "etcd", "--unsafe-no-fsync"),
                *("--listen-client-urls", store, "--advertise-client-urls", store),
                *("--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer),
                *("--initial-cluster", f"default={peer}"),
            )
        )
        _until_listening(client_port)
        running.enter_context(
            _process(
                directory / "apiserver.log",
                *(apiserver, "--etcd-servers", store, "--cert-dir", certificates, "--secure-port", str(port)),
                *("--bind-address", ports.LOOPBACK, "--advertise-address", ports.LOOPBACK),
                *("--endpoint-reconciler-type", "none", "--service-cluster-ip-range", "10.0.0.0/24"),
                *("--authorization-mode", "RBAC", "--token-auth-file", tokens),
                *("--service-account-issuer", "https://kubernetes.default.svc"),
                *("--service-account-key-file", key, "--service-account-signing-key-file", key),
            )
        )
        _until_listening(port)
        plane = ControlPlane(f"https://{ports.LOOPBACK}:{port}", certificates / "apiserver.crt")
        _prepare(plane, directory / "apiserver.log")
        yield plane


def _prepare(plane: ControlPlane, log: Path) -> None:
    """Waits until it is ready, and lets readers read the scale of Deployments."""
    rule = {"apiGroups": ["apps"], "resources": ["deployments/scale"], "verbs": ["get"]}
    subject = {"kind": "Group", "name": "readers", "apiGroup": "rbac.authorization.k8s.io"}
    role = {"kind": "ClusterRole", "name": "readers", "apiGroup": "rbac.authorization.k8s.io"}
    api = "/apis/rbac.authorization.k8s.io/v1/"
    deadline = time.monotonic() + _READY_S
    with plane._client() as client:
        while client.get("/readyz").status_code != 200:
            assert time.monotonic() < deadline, log.read_text()[-2000:]
            time.sleep(0.1)
        client.post(api + "clusterroles", json={"metadata": {"name": "readers"}, "rules": [rule]}).raise_for_status()
        binding = {"metadata": {"name": "readers"}, "subjects": [subject], "roleRef": role}
        client.post(api + "clusterrolebindings", json=binding).raise_for_status()


@contextmanager
def _process(log: Path, *command: str | Path) -> Iterator[None]:
    with log.open("wb") as output:
        process = subprocess.Popen(command, stdout=output, stderr=output)
    try:
        yield
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _until_listening(port: int) -> None:
    deadline = time.monotonic() + _READY_S
    while True:
        try:
            socket.create_connection((ports.LOOPBACK, port), 1).close()
            return
        except OSError:
            assert time.monotonic() < deadline, f"nobody listens on port {port}"
            time.sleep(0.05)
