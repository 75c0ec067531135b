"""What all tests share."""

from hypothesis import HealthCheck, settings

# No deadline: the machines that run this are shared. The counts keep the whole suite under two minutes on two cores.
settings.register_profile("suite", max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("suite")
