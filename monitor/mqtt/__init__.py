"""Tells other systems in the house (Home Assistant, a building's control room) by MQTT what the
monitor counts and sees, where the settings name a broker. Names and pictures of people are never
told.
"""
