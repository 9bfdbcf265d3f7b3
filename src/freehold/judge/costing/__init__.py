"""What a month of use costs: on a machine of one's own, on a rented one, through an API."""
