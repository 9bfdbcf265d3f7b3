"""Workers that run models with OpenVINO; each module does one kind of task."""
