"""Writes src/nginx/function_order.ld: the linker puts what requests run side by side.

A request runs one function in eight of the module, and those lie between rules' builders, readers of
the configuration and pages for people. Side by side they take a quarter of the pages: what a worker
keeps resident, and what it reads again when other processes have used the caches between.
"""
import re

HEAD = """/* Written by scripts/generate-function-order: do not edit.

   The functions that requests run, those of most kinds of requests first. GNU ld and lld read it.
   A function that is not named here, or is called otherwise by another compiler, is put behind these
   and runs as well. */
SECTIONS
{
  .text.keeptrusts_requests :
  {
"""
TAIL = """  }
}
INSERT BEFORE .text;
"""


# What valgrind does not run: forms for newer processors under names of their own, and what a worker
# runs once before any request. And the compiler's own helpers.
ALSO = (
    "*(.text._ZN2kt6detect*Wide*)",
    "*(.text._ZN2kt6detect*BestScanKind*)",
    "*(.text._ZN2kt4json10TokenIndexC*)",
    "*(.text._ZN*2kt5audit8Doorbell*)",
    "*(.text._ZN*2kt5audit4Ring*)",
    "*libgcc.a:(.text .text.*)",
)


def pattern(name):
    """The sections of a function: also of its clones, of its other forms for other processors, since
    valgrind runs only those for AVX2, and of the constructor or destructor that it stands for."""
    name = re.sub(r"\.(constprop|isra|part|cold)\b.*", "", name)
    name = re.sub(r"([CD])[12]E", r"\1[12]E", name)
    name = re.sub(r"\d+([A-Za-z]*)Avx2", r"*\1Avx*", name)
    return f"*(.text.{name} .text.{name}.*)"


def write(path, cases):
    """`cases`: for each case the names of the functions that it ran, as the linker knows them."""
    kinds = {}
    for functions in cases:
        for name in functions:
            name = name.partition("'")[0]  # of a function within itself
            if name.startswith("_Z"):
                kinds[name] = kinds.get(name, 0) + 1
    # Of one kind by name: so by class, and the same list whenever the same functions run.
    order = sorted(kinds, key=lambda name: (-kinds[name], name))
    lines = dict.fromkeys(pattern(name) for name in order)
    path.write_text(HEAD + "".join(f"    {line}\n" for line in (*lines, *ALSO)) + TAIL)
    print(f"{path.name}: {len(lines)} functions")
