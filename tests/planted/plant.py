#!/usr/bin/env python3
"""Plants all bugs of bugs.txt in copies of the sources that they change: plant.py BUGS ROOT OUT.

OUT gets each changed source under its own path, and planted_names.cpp with the bugs' names. A bug whose old lines do not
stand in their source exactly once is left out, and said to be.
"""
import pathlib
import re
import sys

bugs_file, root, out = sys.argv[1], pathlib.Path(sys.argv[2]), pathlib.Path(sys.argv[3])
texts, names = {}, []
for part in re.split(r"^## ", pathlib.Path(bugs_file).read_text(), flags=re.M)[1:]:
    name, rest = part.split("\n", 1)
    file, rest = rest.split("\n", 1)
    file = file.removeprefix("file: ")
    text = texts[file] if file in texts else (root / file).read_text()
    pairs = [pair.split("\n+++\n", 1) for pair in rest.removeprefix("---\n").removesuffix("\n").split("\n---\n")]
    lost = []
    for old, new in pairs:
        if text.count(old) != 1:
            lost.append(old)
            continue
        text = text.replace(old, re.sub(r"\bPLANTED\b", f"::davenport::planted::on({len(names)})", new))
    if lost:
        print(f"planted: '{name}' is left out; this does not stand in {file} once:\n{lost[0]}", file=sys.stderr)
        continue
    texts[file] = text
    names.append(name)

for file, text in texts.items():
    path = out / file
    path.parent.mkdir(parents=True, exist_ok=True)
    text = '#include "tests/planted/planted.hpp"\n' + text
    if not path.exists() or path.read_text() != text:
        path.write_text(text)
table = "".join(f'    "{name}",\n' for name in names)
(out / "planted_names.cpp").write_text(
    '#include "tests/planted/planted.hpp"\n\n'
    f"const std::vector<std::string> davenport::planted::names{{\n{table}}};\n"
)
