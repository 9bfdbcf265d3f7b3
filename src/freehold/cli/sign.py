"""`freehold sign`."""

from pathlib import Path

import click

from freehold.cli._out import as_json, print_json, say


@click.command(short_help="Sign every file of a model with a key of yours.")
@click.argument("path", type=click.Path(path_type=Path))
@click.option(
    "--key", type=click.Path(path_type=Path), required=True, metavar="FILE",
    help="A private key in a PEM file: ECDSA (P-256, P-384, P-521) or Ed25519.",
)  # fmt: skip
@click.option("--signature", type=click.Path(path_type=Path), metavar="FILE", help="Where to.")
@click.option("--follow-links", is_flag=True, help="Sign what links to files lead to.")
@as_json
def command(
    path: Path, key: Path, signature: Path | None, follow_links: bool, as_json: bool
) -> None:
    """Write a signature of the model folder or file PATH (OpenSSF Model Signing 1.0).

    \b
    Examples:
      freehold sign model.gguf --key key.pem
    """
    from msgspec import to_builtins

    from freehold.actions.signing import sign

    done = sign(path, key, signature=signature, follow_links=follow_links)
    if as_json:
        print_json(to_builtins(done))
    else:
        say(f"{done.files:,} files signed: {done.signature} (key {done.key[:16]})")
