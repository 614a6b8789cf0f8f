from benchmarks.bytecode import write_bytecode


def test_the_modules_of_an_earlier_checkout_have_bytecode(tmp_path):
    module = tmp_path / "skconv" / "__init__.py"
    module.parent.mkdir()
    module.write_text("")
    write_bytecode(tmp_path)
    assert list(module.parent.glob("__pycache__/*.pyc"))
