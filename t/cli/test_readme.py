"""What the README shows loads as it is printed, and what it lists is what there is."""

import re
import subprocess

import pytest

from conftest import MODULE, NGINX, ROOT, environment, free_port, kt

README = (ROOT / "README.md").read_text(encoding="utf-8")
PAGES = {str(page.relative_to(ROOT)): page.read_text(encoding="utf-8")
         for page in [ROOT / "README.md", ROOT / "policies" / "README.md", *(ROOT / "docs").glob("*.md")]}  # fmt: skip


def examples(language):
    return re.findall(rf"^```{language}\n(.*?)^```", README, re.M | re.S)


YAML = dict(zip(("pack", "policy", "providers", "testing"), examples("yaml"), strict=True))


@pytest.fixture
def files(tmp_path):
    """Each YAML example in a file of its own."""
    written = {}
    for name, text in YAML.items():
        assert text.startswith(f"{name}:")
        written[name] = tmp_path / f"{name}.yaml"
        written[name].write_text(text)
    return written


@pytest.mark.parametrize("name", YAML)
def test_an_example_of_yaml_is_valid(files, name):
    # Those that are a part of a configuration beside the one that is whole.
    paths = [files["pack"]] if name == "pack" else [files["pack"], files[name]]
    result = kt("policy", "lint", "--file", *paths)
    assert result.returncode == 0, result.stdout


def test_the_examples_of_yaml_are_one_configuration_whose_cases_pass(files, tmp_path):
    (tmp_path / "policy-config.yaml").write_text("".join(YAML.values()))
    result = kt("policy", "test", "--pack-dir", tmp_path)
    assert result.returncode == 0, result.stdout + result.stderr
    assert "2 passed, 0 failed" in result.stdout


# nginx

OPENSSL = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=gateway",
           "-keyout", "gateway.key", "-out", "gateway.pem"]  # fmt: skip
WHOLE, LOCATION = examples("nginx")
SHIPPED = (ROOT / "conf" / "nginx.conf").read_text()


@pytest.mark.parametrize("text", [
    WHOLE,
    WHOLE.replace("location /v1/ { keeptrusts_pass; }", LOCATION),
], ids=["keeptrusts_pass", "keeptrusts on"])  # fmt: skip
def test_an_example_of_nginx_is_valid(files, tmp_path, text):
    subprocess.run(OPENSSL, cwd=tmp_path, check=True, capture_output=True)
    (tmp_path / "policy-config.yaml").write_text(YAML["pack"] + YAML["providers"])
    (tmp_path / "modules").mkdir()
    (tmp_path / "modules" / "ngx_http_keeptrusts_module.so").symlink_to(MODULE)
    # Places of this test's own for what an installed nginx has ready.
    own = f"http {{ keeptrusts_audit_dir {tmp_path}/audit;" + "".join(
        f" {kind}_temp_path {tmp_path}/{kind};"
        for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    assert "http {" in text and "listen 443 ssl" in text
    text = text.replace("http {", own).replace("443", f"127.0.0.1:{free_port()}")
    (tmp_path / "nginx.conf").write_text(f"pid {tmp_path}/nginx.pid;\n{text}")
    result = subprocess.run(
        [NGINX, "-t", "-e", "stderr", "-p", tmp_path, "-c", tmp_path / "nginx.conf"],
        env=environment(), capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert result.returncode == 0, result.stderr


# Lists


def source(name):
    return (ROOT / "src" / "nginx" / f"ngx_http_keeptrusts_{name}.cc").read_text()


def section(begin, end):
    return README[README.index(begin) : README.index(end, README.index(begin))]


def test_the_readme_has_each_directive():
    there = set(re.findall(r'ngx_string\("(keeptrusts\w*)"\)', source("module")))
    there.remove("keeptrusts_target_addresses")  # of the upstream{} that the module writes itself
    told = set(re.findall(r"^\| `(keeptrusts\w*)`", section("## Directives", "**Variables**"), re.M))
    assert told == there


def test_the_readme_has_each_variable():
    there = set(re.findall(r'\{"keeptrusts(_\w+)",', source("variables")))
    told = set(re.findall(r"`(?:\$keeptrusts)?(_[a-z_]+)`", section("**Variables**", "## policy-config.yaml")))
    assert told == there


def test_the_readme_has_each_key_of_the_configuration():
    there = set()
    for path in (ROOT / "src" / "core" / "config").glob("*.cc"):
        text = path.read_text()
        for names in re.findall(r'(?:Get|Require|NotYet)\("(\w+)"(?:, "(\w+)")?\)', text):
            there.update(filter(None, names))
    assert len(there) > 110
    told = set(re.findall(r"\w+", README))
    assert there <= told, there - told


def test_the_readme_has_each_metric():
    session = ROOT / "src" / "core" / "session"
    there = set(re.findall(r'family\("(\w+)"', (session / "status_page.cc").read_text()))
    there |= set(re.findall(r'\{"(\w+)", "(?:gauge|counter)"', (session / "provider_metrics.cc").read_text()))
    assert len(there) > 15
    told = set(re.findall(r"`(\w+)`", README))
    assert there <= told, there - told


LINKS = [(page, link) for page, text in PAGES.items()
         for link in re.findall(r"\]\(([^)\s:]+)\)", re.sub(r"```.*?```", "", text, flags=re.S))]  # fmt: skip


def anchors(text):
    headings = re.findall(r"^#+ (.*)$", re.sub(r"```.*?```", "", text, flags=re.S), re.M)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page,link", LINKS)
def test_a_link_leads_somewhere(page, link):
    path, _, anchor = link.partition("#")
    target = (ROOT / page).parent / path if path else ROOT / page
    assert target.exists()
    assert not anchor or anchor in anchors(target.read_text(encoding="utf-8"))


def test_the_readme_has_each_error_code():
    reply = (ROOT / "src" / "core" / "session" / "reply.cc").read_text()
    there = set(re.findall(r'Known\{Error::\w+, \d+, [\w"]+, "(\w+)"', reply))
    assert len(there) > 15
    told = set(re.findall(r"`(\w+)`", section("| status | type | code |", "A refused body's")))
    assert there <= told, there - told


COMMAND = re.compile(r"\bkt ((?:gateway|policy|audit) [a-z]+|init|doctor)\b([^\n`|#]*)")
USES = sorted({(page, words, option)
               for page, text in PAGES.items()
               for words, rest in COMMAND.findall(text)
               for option in re.findall(r"(?<= )--[a-z-]+", rest)})  # fmt: skip


@pytest.mark.parametrize("page,command,option", USES)
def test_an_option_that_is_shown_is_on_its_page(page, command, option):
    assert option in kt(*command.split(), "--help").stdout


def test_options_are_shown():
    assert len(USES) > 10
