def write_html(results, paths, out):
    pass
