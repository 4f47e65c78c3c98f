"""Every link of every Markdown file leads somewhere: to a file or folder of the repository, and to a heading where it names one.

    links.py ROOT        prints FILE:LINE of each that does not, and fails
"""
import functools
import os
import re
import subprocess
import sys
from urllib.parse import unquote

root = sys.argv[1]
link = re.compile(r"!?\[(?:[^\]\[]|\[[^\]]*\])*\]\(<?([^)\s>]+)>?(?:\s+\"[^\"]*\")?\)")
reference = re.compile(r"^\[[^\]]+\]:\s+(\S+)")


def lines_outside_code(path):
    fenced = False
    with open(path, encoding="utf-8") as file:
        for number, line in enumerate(file, 1):
            if re.match(r"\s*(```|~~~)", line):
                fenced = not fenced
            elif not fenced and not line.startswith("    "):
                yield number, re.sub(r"(?<!`)`[^`]*`(?!`)", "", line), line


def plain(text):
    text = re.sub(r"!?\[([^\]]*)\]\([^)]*\)", r"\1", text)
    return re.sub(r"[`*]|(?<!\w)_|_(?!\w)", "", text)


@functools.cache
def anchors(path):
    """The names of a file's headings, as a forge makes them."""
    found = {}
    for _, _, line in lines_outside_code(path):
        title = re.match(r"#{1,6}\s+(.*?)\s*#*\s*$", line)
        if title:
            slug = re.sub(r"[^\w\- ]", "", plain(title[1]).lower()).replace(" ", "-")
            found[slug] = found.get(slug, -1) + 1
    return {slug if i == 0 else f"{slug}-{i}" for slug, last in found.items() for i in range(last + 1)}


def fault(file, target):
    if re.match(r"[a-z][a-z0-9+.-]*:", target):
        return None  # another server's: nothing is asked over the network
    path, _, anchor = target.partition("#")
    there = os.path.normpath(os.path.join(root, os.path.dirname(file), unquote(path))) if path else os.path.join(root, file)
    if not os.path.exists(there):
        return "there is no such file"
    if os.path.relpath(there, root).startswith(".."):
        return "it leaves the repository"
    if anchor and there.endswith(".md") and unquote(anchor) not in anchors(there):
        return "there is no such heading"
    return None


files = subprocess.run(["git", "-C", root, "ls-files", "*.md"], check=True, capture_output=True, text=True).stdout.split()
checked, faults = 0, []
for file in files:
    for number, line, _ in lines_outside_code(os.path.join(root, file)):
        for target in [*link.findall(line), *reference.findall(line)]:
            checked += 1
            if why := fault(file, target):
                faults.append(f"{file}:{number}: {target}: {why}")
print("\n".join(faults) or f"{checked} links of {len(files)} files lead somewhere")
sys.exit(bool(faults) or checked < 50)
