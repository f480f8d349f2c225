"""Keys and certificates: an authority, the serving certificates it signs, and servers that follow a changing one."""
