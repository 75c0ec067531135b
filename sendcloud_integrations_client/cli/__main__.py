"""Entry point of `python -m sendcloud_integrations_client.cli`."""

from sendcloud_integrations_client.cli import main

if __name__ == "__main__":
    main()
