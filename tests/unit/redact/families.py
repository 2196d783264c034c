"""Made-up secrets, put together from parts so that no scanner takes them for real ones."""

import random

HEX = "0123456789abcdef"
LOWER = "abcdefghijklmnopqrstuvwxyz0123456789"
MIXED = LOWER + "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
UPPER = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"


def made(alphabet: str, length: int, seed: int = 1) -> str:
    """Letters without a meaning, always the same."""
    chance = random.Random(f"{alphabet}{length}{seed}")
    return "".join(chance.choices(alphabet, k=length))


def families() -> dict[str, tuple[str, str]]:
    """(line, its secret) for each name."""
    secrets = {
        "AWS key id": "AK" + "IA" + made(UPPER, 16),
        "Anthropic": "sk-" + "ant-api03-" + made(MIXED, 93) + "AA",
        "Artifactory": "AK" + "Cp" + made(MIXED, 69),
        "DigitalOcean": "dop" + "_v1_" + made(HEX, 64),
        "Doppler": "dp." + "pt." + made(LOWER, 43),
        "GitHub": "gh" + "p_" + made(MIXED, 36),
        "GitLab": "gl" + "pat-" + made(MIXED, 20),
        "Grafana": "gl" + "sa_" + made(MIXED, 32) + "_" + made(HEX, 8),
        "Hugging Face": "hf" + "_" + made("abcdefghijklmnopqrstuvwxyz", 34),
        "Linear": "lin" + "_api_" + made(LOWER, 40),
        "npm": "np" + "m_" + made(LOWER, 36),
        "Postman": "PM" + "AK-" + made(HEX, 24) + "-" + made(HEX, 34),
        "PyPI": "pypi-" + "AgEIcHlwaS5vcmc" + made(MIXED, 60),
        "SendGrid": "SG" + "." + made(LOWER, 66),
        "Shopify": "shp" + "at_" + made(HEX, 32),
        "Slack": "xo" + "xb-" + made("0123456789", 11) + "-" + made("0123456789", 12) + "-abcDEF",
        "Stripe": "sk" + "_live_" + made(MIXED, 24),
        "Twilio": "SK" + made(HEX, 32),
        "Vault": "hv" + "s." + made(MIXED, 95),
    }
    lines = {name: (f"retry with {one} failed", one) for name, one in secrets.items()}
    named = {
        "Datadog": ("datadog_api_key = ", made(LOWER, 40)),
        "Heroku": ("HEROKU_KEY: ", "-".join(made(HEX, n) for n in (8, 4, 4, 4, 12))),
        "generic key": ("signing_key = ", made(MIXED, 32)),
        "password": ("db.password=", made(MIXED, 12)),
    }
    lines |= {name: (f"{before}{one}", one) for name, (before, one) in named.items()}
    connection = made(MIXED, 10)
    lines["connection string"] = (f"postgres://app:{connection}@db.example:5432/x", connection)
    lines["cookie"] = (f"Cookie: session={made(MIXED, 24)}", made(MIXED, 24))
    return lines
