"""The demo: Berth's main job told on a real control plane, every claim read back from the API."""
