"""What the Unity Package Manager reads, as far as a program without Unity can tell."""

import json
import re

from tests.clients.unity.meta_files import assets, content, guid, meta_path
from tests.clients.unity.mono import PACKAGE

import facewire

MANIFEST = json.loads((PACKAGE / "package.json").read_text())


def test_the_manifest_names_what_is_there() -> None:
    assert MANIFEST["version"] == facewire.__version__
    assert MANIFEST["license"] == "Apache-2.0"
    for sample in MANIFEST["samples"]:
        assert (PACKAGE / sample["path"]).is_dir()


def test_every_asset_has_its_meta_file_and_no_other_is_there() -> None:
    found = list(assets())
    assert len(found) > 20
    for path in found:
        assert meta_path(path).read_text() == content(path)
    metas = set(PACKAGE.rglob("*.meta"))
    assert metas == {meta_path(path) for path in found}


def test_assemblies_refer_to_assemblies_that_are_there() -> None:
    definitions = [json.loads(path.read_text()) for path in PACKAGE.rglob("*.asmdef")]
    names = {definition["name"] for definition in definitions}
    assert "Facewire.Core" in names
    for definition in definitions:
        assert set(definition["references"]) <= names
        assert definition.get("noEngineReferences", False) == (
            definition["name"] == "Facewire.Core"
        )
        assert (definition["includePlatforms"] == ["Editor"]) == ("Editor" in definition["name"])


def test_the_sample_scene_refers_to_scripts_and_objects_that_are_there() -> None:
    (scene,) = PACKAGE.rglob("*.unity")
    text = scene.read_text()
    scripts = {guid(path): path.stem for path in PACKAGE.rglob("*.cs")}
    used = [scripts[found] for found in re.findall(r"guid: (\w+)", text)]
    assert sorted(used) == ["FaceRenderer", "OscFaceSource", "SampleFace"]
    anchors = re.findall(r"^--- !u!\d+ &(\d+)$", text, re.MULTILINE)
    assert len(anchors) == len(set(anchors))
    assert set(re.findall(r"fileID: (\d+)}", text)) <= {*anchors, "0"}
    # A field that no script has would be dropped in silence.
    for block in text.split("--- !u!114 ")[1:]:
        name = scripts[re.findall(r"guid: (\w+)", block)[0]]
        source = next(PACKAGE.rglob(f"{name}.cs")).read_text()
        fields = re.findall(
            r"^  ([a-z]\w+):", block.split("m_EditorClassIdentifier:")[1], re.MULTILINE
        )
        for field in fields:
            assert re.search(rf"public [\w\[\]]+ {field}\b", source), f"{name}.{field}"


def test_sources_say_their_licence_and_are_short() -> None:
    for path in PACKAGE.rglob("*.cs"):
        lines = path.read_text().splitlines()
        assert lines[0] == "// SPDX-License-Identifier: Apache-2.0", path
        assert len(lines) <= 320, path
        assert max(map(len, lines)) <= 120, path
        assert re.search(r"^namespace Facewire\b", path.read_text(), re.MULTILINE), path
