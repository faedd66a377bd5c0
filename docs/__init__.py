"""The documents: pages in English and Chinese, and what makes pages, pictures and the site. Not part of a release."""
