"""Workers that run models with CTranslate2; each module does one kind of task."""
