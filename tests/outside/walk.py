"""The window as a screen reader and a keyboard meet it. Every claim is asserted; the exit status is the verdict."""

import hashlib
import os
import subprocess
import sys
import time

import pyatspi

PROGRAM, CATALOG = sys.argv[1], sys.argv[2]
NEVER_INTO = {"table", "tree", "tree table", "list"}  # their children are cells: there may be a million


def wait_for(what, question, seconds=20):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            answer = question()
        except Exception:  # a widget went away while it was asked
            answer = None
        if answer:
            return answer
        time.sleep(0.05)
    raise AssertionError("waited in vain for " + what)


def walk(root):
    """Breadth first, never into the cells of a table."""
    queue = [root]
    while queue:
        node = queue.pop(0)
        yield node
        try:
            if node.getRoleName() in NEVER_INTO:
                continue
            queue.extend(node[i] for i in range(node.childCount) if node[i] is not None)
        except Exception:
            continue


def find(root, name, role=None):
    for node in walk(root):
        try:
            if node.name == name and (role is None or node.getRoleName() == role):
                return node
        except Exception:
            continue
    return None


def keys(*words):
    subprocess.run(["xdotool", "key", "--clearmodifiers", *words], check=True)


def type_text(text):
    subprocess.run(["xdotool", "type", "--delay", "5", text], check=True)


def rows_of(table):
    return table.queryTable().nRows


def cell_text(table, row, column):
    return table.queryTable().getAccessibleAt(row, column).name


def column_texts(table, column):
    return [cell_text(table, row, column) for row in range(rows_of(table))]


before = hashlib.sha256(open(CATALOG, "rb").read()).hexdigest()
mtime = os.stat(CATALOG).st_mtime_ns
process = subprocess.Popen([PROGRAM, CATALOG])
try:
    application = wait_for(
        "the program on the accessibility bus",
        lambda: next((a for a in pyatspi.Registry.getDesktop(0) if a and a.name and "nspector" in a.name), None),
    )
    frame = wait_for("the window", lambda: next((n for n in application if n.getRoleName() == "frame"), None))
    wait_for("the mode in the title", lambda: "Read-only" in frame.name)

    collections = wait_for("the list of collections", lambda: find(frame, "Collections", "table") or find(frame, "Collections", "tree"))
    wait_for("rows in the list of collections", lambda: rows_of(collections) >= 20)

    # Everything that can be typed into, chosen or pressed has a name.
    unnamed = []
    for node in walk(frame):
        role = node.getRoleName()
        if role in {"text", "combo box", "push button", "check box", "table", "tree", "spin button"}:
            states = node.getState()
            if states.contains(pyatspi.STATE_SHOWING) and not node.name and not node.description:
                unnamed.append(role + " in " + (node.parent.name or node.parent.getRoleName()))
    assert not unnamed, "without a name: " + ", ".join(unnamed)

    # By keyboard alone: the audit log, its rows, a filter, a row, its decoded fields.
    entries = wait_for("the table of entries", lambda: find(frame, "Entries", "table"))
    collections.queryComponent().grabFocus()
    time.sleep(0.3)
    keys("End")
    titles = [t for t in column_texts(collections, 0)]
    for _ in range(len(titles)):
        if rows_of(entries) > 100:
            break
        keys("Up")
        time.sleep(0.3)
    wait_for("the audit log's rows", lambda: rows_of(entries) > 100)
    everything = rows_of(entries)

    filter_edit = wait_for("the filter line", lambda: find(frame, "Filter entries"))
    filter_edit.queryComponent().grabFocus()
    time.sleep(0.2)
    type_text("network")
    wait_for("fewer rows after typing a filter", lambda: 0 < rows_of(entries) < everything)
    picked = rows_of(entries)
    keys("ctrl+a", "BackSpace")
    wait_for("all rows after the filter was taken away", lambda: rows_of(entries) == everything)
    assert picked < everything

    entries.queryComponent().grabFocus()
    keys("Home", "Down")
    tree = wait_for("the decoded fields", lambda: find(frame, "Decoded fields"))
    wait_for("a decoded entry", lambda: tree.childCount > 3)
    assert process.poll() is None, "the program ended"

    keys("ctrl+q")
    wait_for("the program's end", lambda: process.poll() is not None)
    assert process.returncode == 0, f"exit status {process.returncode}"
finally:
    if process.poll() is None:
        process.kill()

assert hashlib.sha256(open(CATALOG, "rb").read()).hexdigest() == before, "the catalog file changed"
assert os.stat(CATALOG).st_mtime_ns == mtime, "the catalog file's modification time changed"
assert sorted(n for n in os.listdir(os.path.dirname(CATALOG)) if n.startswith("catalog.mzcat")) == ["catalog.mzcat"]
print("the window answers from outside: ok")
