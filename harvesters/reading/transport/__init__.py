"""Timetables, live messages and traffic."""
