"""The program that keeps certificates, the webhook's caBundle and the conditions of the classes true."""
