"""The services on the page about serving answer under gunicorn, which loads the net and forks."""

import os
import re
import signal
import socket
import subprocess
import sys
from pathlib import Path

import httpx
import joblib
import pytest
from sklearn.datasets import load_digits

from skconv import NeuralNet

PAGE = Path(__file__).parents[2] / "docs" / "serving.md"

X, y = load_digits(return_X_y=True)

SERVICES = {
    "app:app": ["--worker-class", "asgi", "--preload", "--config", "none.py"],
    "flask_app:app": [],
}
"""The options of each service, as on the page."""


@pytest.fixture(scope="module")
def net():
    return NeuralNet(max_epochs=2, random_state=0).fit(X, y)


@pytest.fixture(scope="module")
def folder(net, tmp_path_factory):
    """Return a folder with the net, and the files that the page writes."""
    folder = tmp_path_factory.mktemp("service")
    joblib.dump(net, folder / "net.joblib")
    written = re.findall(r"^%%writefile (\S+)\n(.*?)^```$", PAGE.read_text(), re.M | re.S)
    for name, text in written:
        (folder / name).write_text(text)
    (folder / "none.py").touch()
    return folder


@pytest.fixture(scope="module")
def servers(folder):
    """Return the running services, which start at the same time, and their addresses."""
    started = {}
    try:
        for name, options in SERVICES.items():
            command = [sys.executable, "-m", "gunicorn", name, "--no-control-socket", *options]
            with socket.create_server(("127.0.0.1", 0)) as listener:  # gunicorn takes it over
                fd = listener.fileno()
                server = subprocess.Popen(
                    [*command, "--bind", f"fd://{fd}"],
                    cwd=folder,
                    pass_fds=[fd],
                    start_new_session=True,
                )
                started[name] = server, f"http://127.0.0.1:{listener.getsockname()[1]}/predict"
        yield started
    finally:
        for server, _ in started.values():
            os.killpg(server.pid, signal.SIGKILL)
            server.wait()


@pytest.mark.parametrize("name", SERVICES)
def test_a_net_that_is_loaded_before_the_fork_predicts_in_the_workers(name, servers, net):
    server, address = servers[name]
    answer = httpx.post(address, json={"pixels": X[:20].tolist()}, timeout=60)
    assert answer.json() == net.predict(X[:20]).tolist()
    answer = httpx.post(address, json={"pixels": X[:2, :60].tolist()})
    assert answer.status_code == 422
    assert "60 features" in answer.json()["detail"]
    assert server.poll() is None
