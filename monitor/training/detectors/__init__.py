"""Face detectors: conversion, and what they find against false boxes."""
