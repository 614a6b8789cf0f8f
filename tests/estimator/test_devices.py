import os
import subprocess
import sys
from pathlib import Path


def test_eight_devices():
    flags = "--xla_force_host_platform_device_count=8"
    environment = {**os.environ, "XLA_FLAGS": flags, "JAX_PLATFORMS": "cpu"}
    script = Path(__file__).with_name("eight_devices.py")
    subprocess.run([sys.executable, script], env=environment, check=True)
