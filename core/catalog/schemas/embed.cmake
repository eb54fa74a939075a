# Writes TEXT into OUT as a C++ constant: the types are part of the library, there is no file to find at run time.
file(READ ${TEXT} text)
file(WRITE ${OUT} "#include \"core/catalog/schemas/types.h\"\n\nnamespace inspector::catalog {\n\nstd::string_view schemaTypes()\n{\n    return R\"TYPES(${text})TYPES\";\n}\n\n} // namespace inspector::catalog\n")
