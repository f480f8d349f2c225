"""Trust: that the certificates are there, and that the API server trusts them."""

from certs.secrets import Places, ensure
from controller import ca_bundle
from controller.parts import Context, Part


def trust(context: Context) -> Part:
    """Keep the webhook's certificates in their Secrets and its caBundle in the webhook configuration."""
    settings = context.settings

    async def settle(configuration: str) -> list[str]:
        places = Places(
            settings.namespace, settings.webhook_service, settings.certificate_secret, settings.authority_secret
        )
        ensured = await ensure(context.api, places, context.clock())
        is_changed = await ca_bundle.ensure(context.api, configuration, ensured.authority.certificate)
        written = f"caBundle of MutatingWebhookConfiguration {configuration} written"
        return ensured.changes + ([written] if is_changed else [])

    return Part((context.queue("trust", settle, lambda: [settings.webhook_configuration]),))
