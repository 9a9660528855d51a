"""Adapters to the services that train and answer."""
