"""What a picture shows: marks, pages, inverted slices, sheets, screenshots and photographs."""
