"""What a speech representation tells of phones, visemes and faces, before anything is decoded."""
