"""The first policy that `freehold policy init` writes: every rule there, none in force."""

TEMPLATE = """# What models may be chosen, fetched, run, adapted and served here.
#
# Up to three policies hold at once, and the stricter always counts:
#   the organization's   FREEHOLD_POLICY, else /etc/freehold/policy.toml
#   the project's        freehold-policy.toml in the folder or above
#   the user's           policy.toml in the settings folder
#
# Take the # away from what you want to hold. `freehold policy show` reads the file again,
# `freehold policy test` tries its examples, `freehold facts words policy-rules` lists the rules.

schema = 1

# advise: say so and go on.   enforce: refuse.   audit: write it down and go on.
mode = "advise"

[licenses]
# Ids as `freehold licenses` shows them, or "osi" for all that are OSI-approved and open.
# A license that is not known is never on the list.
# allow = ["osi"]
# deny = ["CC-BY-NC-4.0"]

[use]
# What you do with models; each must be allowed by every license that binds.
# Words: freehold facts words uses
# permissions = ["commercial", "host"]
# users = 50_000          # monthly, for licenses that ask
# revenue = 2_000_000     # US dollars a year
# territory = "DE"

[openness]
# "fully open", "open weights" or "restricted weights"
# least = "open weights"
# Class of the Model Openness Framework: I, II or III
# mof-class = "III"

[publishers]
# Makers or country codes; a denied maker also denies what it made with others.
# allow = ["Allen Institute for AI", "FR"]
# deny = []

[tasks]
# Words: freehold facts words tasks
# allow = ["text-generation", "automatic-speech-recognition"]
# deny = ["text-to-video"]

[sources]
# Where files may come from: huggingface, ollama, oci, url, folder
# allow = ["huggingface", "folder"]

[formats]
# Words: freehold facts words formats
# allow = ["safetensors", "gguf"]
# deny = ["pytorch"]

[files]
# signature = true        # only signed files
# remote-code = false     # nothing that brings code of its own

[memory]
# share = 0.8             # of the memory for models

# A rule set aside, for one model or family, through one day. It holds only for this file.
# [[waivers]]
# rule = "licenses.allow"
# model = "llama-3.2-1b"
# reason = "Contract 4711 with the publisher"
# person = "Ada Lovelace"
# until = 2027-03-31

# What this policy should say; `freehold policy test` tries it.
# [[examples]]
# model = "olmo-2-1b"
# expect = "allowed"
#
# [[examples]]
# model = "flux.1-dev"
# expect = "refused"
# rule = "licenses.allow"
"""
