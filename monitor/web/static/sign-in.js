// The link that the server prints carries its code behind the #, which no server is sent.

function useLink() {
  const code = decodeURIComponent(location.hash.slice(1));
  if (!code) return;
  history.replaceState(null, "", location.pathname);
  document.getElementById("code").value = code;
  document.getElementById("sign-in").submit();
}

addEventListener("hashchange", useLink);
useLink();
