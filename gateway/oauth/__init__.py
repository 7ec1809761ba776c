"""OAuth 2: access tokens for applications, by Authlib, which is known here and nowhere else."""

from gateway.oauth.blueprint import oauth_blueprint

__all__ = ["oauth_blueprint"]
