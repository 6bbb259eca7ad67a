# SPDX-License-Identifier: Apache-2.0
from setuptools import setup

setup(name="libcp", version="0.1.0", license="Apache-2.0",
      description="Profiles in Python: read, filter, symbolize, merge, compare, report, write",
      packages=["libcp"], package_data={"libcp": ["py.typed", "*.pyi"]},
      python_requires=">=3.9", setup_requires=["cffi>=1.12"], install_requires=["cffi>=1.12"],
      cffi_modules=["build_ffi.py:ffibuilder"])
