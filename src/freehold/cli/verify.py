"""`freehold verify`."""

from pathlib import Path

import click

from freehold.cli._out import as_json, print_json, rows, say


@click.command(short_help="Hold a model against its signature.")
@click.argument("path", type=click.Path(path_type=Path))
@click.option(
    "--key", type=click.Path(path_type=Path), required=True, metavar="FILE",
    help="The signer's public key in a PEM file.",
)  # fmt: skip
@click.option(
    "--signature", type=click.Path(path_type=Path), metavar="FILE",
    help="The signature; else model.sig inside, or FILE.sig beside the file.",
)  # fmt: skip
@as_json
def command(path: Path, key: Path, signature: Path | None, as_json: bool) -> int:
    """Tell whether PATH is exactly what the owner of a key signed (OpenSSF Model Signing 1.0).

    The exit code is 1 when any file was changed, added, removed or renamed.

    \b
    Examples:
      freehold verify signed.gguf --key public.pem
    """
    from freehold.actions.signing import verify

    found = verify(path, key, signature=signature)
    if as_json:
        print_json(found.form())
        return 0 if found.ok else 1
    count = f" ({found.files:,} files)" if found.files else ""
    say(f"{'yes' if found.ok else 'no'}: {found.because}{count}")
    old, new = {old for old, _ in found.renamed}, {new for _, new in found.renamed}
    lines = [("changed", name) for name in found.changed]
    lines += [("renamed", f"{before} -> {after}") for before, after in found.renamed]
    lines += [("added", name) for name in found.added if name not in new]
    lines += [("removed", name) for name in found.removed if name not in old]
    lines += [("not covered", name) for name in found.not_covered]
    rows(lines, color=None)
    return 0 if found.ok else 1
