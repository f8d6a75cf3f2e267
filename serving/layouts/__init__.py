"""How text lies on the frames of speech, and how many frames there are."""
